// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import io.goinfer.proxy.upstream.Refusal;

/** The decision for one request. */
public sealed interface Route {
    /** What a client is told that cannot be served. */
    Refusal refusal();

    record To(Place place) implements Route {
        @Override
        public Refusal refusal() {
            throw new IllegalStateException("there is a place for " + place.modelId());
        }
    }

    /** No such model, or not at the node that was asked for. */
    record Unknown(String model) implements Route {
        @Override
        public Refusal refusal() {
            return Refusal.unknownModel(model);
        }
    }

    /** Known, but whoever has it is not there now. */
    record Offline(String model) implements Route {
        @Override
        public Refusal refusal() {
            return Refusal.nodeOffline(model);
        }
    }

    /** Everyone who has it is full. */
    record Busy(String model) implements Route {
        @Override
        public Refusal refusal() {
            return Refusal.busy(model);
        }
    }
}
