// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.route.Route;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.RequestHead;
import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What it takes to send a request once more: its body, where it was, and where it may go then. The process that had it never gets it again. Confined to
 * the exchange's loop.
 */
final class Retry {
    private final Router router;
    private final @Nullable String owner;
    private final @Nullable Replay body;
    private String model = "";
    private @Nullable Place place;
    private @Nullable Object process;

    /** @param owner what the client chose, or null: it keeps holding */
    Retry(ExchangeRules rules, RequestHead request, @Nullable String owner) {
        this.router = rules.router();
        this.owner = owner;
        this.body = rules.replay() == null ? null : new Replay(rules.replay(), request);
    }

    /** Borrows {@code content}. */
    void keep(ByteBuf content) {
        if (body != null) {
            body.keep(content);
        }
    }

    /** @param to where the request goes now; {@code in} which process of it, where that is known */
    void tried(String name, Place to, @Nullable Object in) {
        model = name;
        place = to;
        process = in;
    }

    /** Where it goes next, and what it was into {@code held}; null: it ends here. */
    @Nullable
    Place next(Recovery how, HeldBody held) {
        Place to = how == Recovery.NEW_PROCESS || how == Recovery.ELSEWHERE ? place(how) : null;
        if (to != null && body != null) {
            body.into(held);
        }
        return to;
    }

    boolean isPossible() {
        return body != null && body.isWhole();
    }

    private @Nullable Place place(Recovery how) {
        Place before = place;
        if (before == null) {
            return null;
        }
        if (router.route(model, owner, before.owner()) instanceof Route.To other) {
            return other.place();
        }
        return how == Recovery.NEW_PROCESS
                        && router.route(model, owner) instanceof Route.To same
                        && !Objects.equals(process, same.place().upstream().process())
                ? same.place()
                : null;
    }

    /** The answer has begun, or nobody waits for one. Idempotent. */
    void close() {
        if (body != null) {
            body.close();
        }
    }
}
