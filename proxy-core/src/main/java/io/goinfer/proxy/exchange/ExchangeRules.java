// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.route.BodyScanner;
import io.goinfer.proxy.route.Router;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an exchange may do.
 *
 * @param replay for bodies that may be sent twice; null: nothing is
 * @param scanner null: only the head names the model
 * @param selectBytes how much may be held back in Selecting
 * @param bodyBytes largest body
 * @param unnamed the model of a request that names none; gives null where there is none
 */
public record ExchangeRules(
        Router router,
        ByteBudget budget,
        @Nullable ByteBudget replay,
        @Nullable BodyScanner scanner,
        int selectBytes,
        long bodyBytes,
        Supplier<@Nullable String> unnamed) {}
