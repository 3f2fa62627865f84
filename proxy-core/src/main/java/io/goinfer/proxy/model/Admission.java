// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import io.goinfer.proxy.config.swap.SwapConfig.Filters;
import io.goinfer.proxy.upstream.HttpUpstream;
import io.goinfer.proxy.upstream.Refusal;
import java.time.Duration;

/** Who may send a request to a server, and when: models of this machine, or a server that already runs. Thread-safe; never blocks. */
public interface Admission {
    /**
     * A request at the door.
     *
     * @param model what it was called at this hop
     * @param inference it takes slots
     * @param infer goinfer's own path, which prefers the model's twin without a template
     * @param webSocket it opens one
     * @param directPath the path, without query, where it is one of the model's own server; else ""
     * @param onlyIfLoaded it does not load the model
     */
    record Asked(
            String model,
            boolean inference,
            boolean infer,
            boolean webSocket,
            String directPath,
            boolean onlyIfLoaded) {
        /** A request of an API. */
        public static Asked api(String model, boolean inference, boolean infer) {
            return new Asked(model, inference, infer, false, "", false);
        }
    }

    /**
     * Room was made.
     *
     * @param llama the server is a llama-server: its {@code /props} answered
     * @param filters of the model's JSON requests
     * @param requested the name that the filters go by
     * @param slots that it has, 0 = not known
     */
    record Grant(HttpUpstream.Target target, boolean llama, Filters filters, String requested) {}

    /** Told once, on any thread. */
    interface Waiting {
        void granted(Grant grant);

        void refused(Refusal refusal);
    }

    /** A place in the queue. On any thread. */
    interface Ticket {
        /** How many slots it takes; it gets none before this is known. Called once. */
        void weigh(int slots);

        /** How long the model stays loaded behind this request; negative = for ever. */
        void keepAlive(Duration time);

        /** The request is over, or its client left. Idempotent. */
        void leave();
    }

    Ticket enter(Asked asked, Waiting waiting);

    /** False: whoever asks now would be refused. */
    boolean accepts();

    /** True if it does not accept because it is full. */
    boolean full();
}
