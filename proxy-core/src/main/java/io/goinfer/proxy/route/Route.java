// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

/** The decision for one request. */
public sealed interface Route {
    record To(Place place) implements Route {}

    /** No such model, or not at the node that was asked for. */
    record Unknown(String model) implements Route {}

    /** Known, but whoever has it is not there now. */
    record Offline(String model) implements Route {}

    /** Everyone who has it is full. */
    record Busy(String model) implements Route {}
}
