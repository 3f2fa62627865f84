// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import java.util.List;
import java.util.stream.Stream;

/** The table. */
final class Lies {
    private Lies() {}

    static List<Lie> all() {
        return Stream.of(
                        GreetingLies.all(),
                        SuccessionLies.all(),
                        ControlLies.all(),
                        ModelsLies.all(),
                        GrammarLies.all(),
                        StatusLies.all(),
                        FieldLies.all(),
                        LengthLies.all(),
                        TrailerLies.all(),
                        FlowLies.all(),
                        MarkLies.all(),
                        ResumeLies.all(),
                        OrderLies.all(),
                        QuicLies.all())
                .flatMap(List::stream)
                .toList();
    }
}
