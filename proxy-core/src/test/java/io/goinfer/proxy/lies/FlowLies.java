// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.credit;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.response;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode.Received;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameType;
import java.nio.ByteBuffer;
import java.util.List;

/** Credit (PROTOCOL.md §6.5): beyond the limit, beyond what was sent, backwards. */
final class FlowLies {
    private static final int ENOUGH = 2_048;

    private FlowLies() {}

    /** Credit for the request, which is longer than its first limit; then an answer, should it be believed. */
    private static Lie upload(String name, Outcome outcome, RawFrame... credits) {
        return Lie.of(name, outcome, (asked, liar) -> {
                    asked.node().await("DATA", one -> one.stream() == asked.stream() && one.type() == 0x22);
                    asked.send(credits).answer();
                })
                .asking(Ask.UPLOAD);
    }

    /** The same for a request without any body left. */
    private static Lie chat(String name, Outcome outcome, RawFrame... credits) {
        return Lie.of(name, outcome, (asked, liar) -> asked.send(credits).answer());
    }

    private static RawFrame raw(int flags, Bytes payload) {
        return RawFrame.of(FrameType.CREDIT, flags, payload);
    }

    private static boolean saysFlowControl(Received one) {
        return one.type() == FrameType.RESET_EXCHANGE.number()
                && ByteBuffer.wrap(one.payload()).getInt(16) == Code.FLOW_CONTROL.number();
    }

    static List<Lie> all() {
        return List.of(
                Lie.of("DATA without regard to credit", broken(), (asked, liar) -> {
                            asked.send(response(200, "content-type", "text/plain"));
                            for (int i = 0; i < ENOUGH; i++) {
                                asked.send(data(16_384));
                            }
                            asked.node().await("RESET_EXCHANGE FLOW_CONTROL", FlowLies::saysFlowControl);
                        })
                        .clientWaits(),
                Lie.of("bulk DATA without regard to credit", broken(), (asked, liar) -> {
                            asked.send(response(200, "content-type", "text/plain"));
                            for (int i = 0; i < ENOUGH; i++) {
                                asked.send(data(16_384).flags(2));
                            }
                            asked.node().await("RESET_EXCHANGE FLOW_CONTROL", FlowLies::saysFlowControl);
                        })
                        .clientWaits(),
                upload("CREDIT for more than was sent", error(), credit(1L << 40, 1L << 41)),
                upload("CREDIT with a limit below what it consumed", error(), credit(10, 5)),
                upload("CREDIT with a limit below the one before", error(), credit(0, 100_000), credit(0, 90_000)),
                upload(
                        "CREDIT that consumed less than the one before",
                        error(),
                        credit(10, 100_000),
                        credit(9, 100_000)),
                upload("CREDIT consumed of 2^63", error(), credit(1L << 63, -1)),
                upload("CREDIT limit of 2^63", error(), credit(0, 1L << 63)),
                upload("CREDIT limit of 2^64 - 1", error(), credit(0, -1)),
                upload("CREDIT limit of 2^63 - 1", right(), credit(0, Long.MAX_VALUE)),
                upload(
                        "CREDIT 10,000 times",
                        right(),
                        java.util.Collections.nCopies(10_000, credit(0, 65_536)).toArray(RawFrame[]::new)),
                upload(
                        "CREDIT with END before the end",
                        right().or(error()),
                        credit(10, 65_536).flags(2)),
                upload(
                        "CREDIT of 15 bytes",
                        error(),
                        raw(0, Bytes.of().u64(0).u32(0).u24(0))),
                upload(
                        "CREDIT of 17 bytes",
                        error(),
                        raw(0, Bytes.of().u64(0).u64(65_536).u8(0))),
                upload("CREDIT of no byte", error(), raw(0, Bytes.of())),
                upload(
                        "CREDIT with flags that are none",
                        right(),
                        credit(0, 65_536).flags(0x7c)),
                chat(
                        "CREDIT with END twice",
                        right().or(error()),
                        credit(0, 65_536).flags(3),
                        credit(0, 65_536).flags(3)),
                chat("CREDIT with END, then less", error(), credit(5, 65_536).flags(3), credit(4, 65_536)),
                chat("CREDIT for a byte more than the body", error(), credit(1_000, 65_536)),
                Lie.frames(
                        "CREDIT behind the answer's end",
                        right(),
                        response(200, "content-type", "text/plain"),
                        data("right").end(),
                        credit(1L << 40, 1L << 41)),
                Lie.frames("CREDIT of nonsense behind RESET", error(), RawFrame.reset(2, "no"), credit(1L << 40, 5)),
                Lie.of(
                                "the request's body is never taken, and the answer ends",
                                right(),
                                (asked, liar) -> asked.answer())
                        .asking(Ask.UPLOAD),
                Lie.of("the request's body is refused with STOP, and answered", right(), (asked, liar) -> {
                            asked.node().stop(asked.stream(), 0);
                            asked.answer();
                        })
                        .asking(Ask.UPLOAD),
                Lie.of("STOP, and nothing else but FIN", error(), (asked, liar) -> {
                            asked.node().stop(asked.stream(), 5);
                            asked.finish();
                        })
                        .asking(Ask.UPLOAD),
                Lie.fatal("CREDIT on the control stream", credit(0, 65_536)),
                Lie.fatal(
                        "CREDIT_EXCHANGE from the node",
                        RawFrame.of(
                                FrameType.CREDIT_EXCHANGE,
                                0,
                                Bytes.of().u64(1).u64(2).u64(0).u64(65_536))),
                Lie.fatal(
                        "CREDIT_EXCHANGE of 33 bytes",
                        RawFrame.of(FrameType.CREDIT_EXCHANGE, 0, Bytes.of().raw(new byte[33]))),
                Lie.fatal(
                        "CREDIT_EXCHANGE of 16 bytes",
                        RawFrame.of(FrameType.CREDIT_EXCHANGE, 0, Bytes.of().raw(new byte[16]))));
    }
}
