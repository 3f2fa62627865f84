// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.upstream.Refusal;
import org.jspecify.annotations.Nullable;

/** What came of an exchange, for the log and the counters. */
public interface ExchangeWatcher {
    void placed(Place place);

    void head(int status);

    void sent(int bytes);

    /** What was lost is tried once more. */
    default void retried() {}

    /** Exactly once, last. */
    void done(@Nullable Refusal refusal, boolean clientGone);
}
