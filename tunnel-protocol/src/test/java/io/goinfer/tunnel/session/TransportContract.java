// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.flow.ReceiveWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every transport must do, written once. A subclass connects a relay and a node over its transport. */
public abstract class TransportContract {
    protected final Recorder relaySide = new Recorder();
    protected final Recorder nodeSide = new Recorder();

    /** Connects; both recorders have their session when it returns. */
    protected abstract void connect(int maxStreams) throws Exception;

    protected abstract void disconnect();

    @BeforeEach
    void start() throws Exception {
        connect(1_024);
    }

    @AfterEach
    void stop() {
        disconnect();
    }

    /** Session events of one side, and what its exchanges did. */
    public static final class Recorder implements RelayGreeting.Newcomer {
        public volatile TunnelSession session;
        public final List<Call> calls = new CopyOnWriteArrayList<>();
        public final List<String> log = new CopyOnWriteArrayList<>();
        public volatile boolean consuming = true;
        private RelayAssociation relayAssociation;
        private NodeAssociation nodeAssociation;
        Duration window = Duration.ofSeconds(60);

        @Override
        public void opened(TunnelSession opened) {
            opened.wire().loop().execute(() -> session = opened);
        }

        @Override
        public void onModels(ByteBuf json) {
            log.add("models " + json.toString(StandardCharsets.UTF_8));
        }

        @Override
        public ExchangeEvents onExchange(TunnelExchange exchange, Frame.Request request) {
            Call call = new Call(this, exchange, request);
            calls.add(call);
            return call;
        }

        @Override
        public void onGoAway(Frame.GoAway away) {
            log.add("goaway " + away.code());
        }

        @Override
        public void onClosed(Code code, String reason) {
            log.add("closed " + code);
        }

        /** Lets everybody in and hands the session to this recorder. */
        public RelayGreeting.Host host() {
            return new RelayGreeting.Host() {
                @Override
                public RelayGreeting.Admission admit(Wire wire, Frame.Hello hello) {
                    return RelayGreeting.Admission.welcome(hello.name());
                }

                @Override
                public RelayAssociation association(Frame.Hello hello) {
                    if (relayAssociation == null) {
                        relayAssociation = new RelayAssociation(new Id(3, 3), window, () -> log.add("idle"));
                    }
                    return relayAssociation;
                }

                @Override
                public RelayGreeting.Newcomer welcome(Wire wire, SessionTerms terms, Frame.Hello hello) {
                    return Recorder.this;
                }
            };
        }

        /** The node's side of HELLO_OK. */
        public NodeGreeting.Accepted accepted(EventLoop loop, Consumer<Frame.HelloOk> told) {
            return new NodeGreeting.Accepted() {
                @Override
                public SessionEvents events(Frame.HelloOk ok) {
                    told.accept(ok);
                    return Recorder.this;
                }

                @Override
                public NodeAssociation association(Frame.HelloOk ok, long number) {
                    if (nodeAssociation == null) {
                        nodeAssociation = new NodeAssociation(loop, window);
                    }
                    return nodeAssociation;
                }
            };
        }

        void replaceAssociations(Duration nextWindow) {
            session = null;
            relayAssociation = null;
            nodeAssociation = null;
            window = nextWindow;
        }

        public <T> T on(Callable<T> action) {
            try {
                return session.wire().loop().submit(action).get(10, TimeUnit.SECONDS);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        public Call open(boolean end, Field... more) {
            return on(() -> {
                Call call = new Call(this, null, null);
                List<Field> fields = new ArrayList<>(List.of(new Field(":method", "POST"), new Field(":path", "/x")));
                fields.addAll(List.of(more));
                call.exchange =
                        session.open(Frame.Request.of(Id.random(ThreadLocalRandom.current()), fields, end), call);
                calls.add(call);
                return call;
            });
        }
    }

    /** One exchange as one side sees it. */
    public static final class Call implements ExchangeEvents {
        final Recorder side;
        public volatile TunnelExchange exchange;
        final Frame.Request request;
        public volatile Frame.Response response;
        public volatile long bytes;
        public volatile String text = "";
        volatile List<Field> trailers = List.of();
        public volatile boolean ended;
        volatile Code reset;
        volatile int infos;
        volatile boolean wrong;
        volatile int detached;
        volatile int resumed;
        long toSend;
        private long sent;
        volatile boolean endHeld;
        volatile boolean answered;

        Call(Recorder side, TunnelExchange exchange, Frame.Request request) {
            this.side = side;
            this.exchange = exchange;
            this.request = request;
        }

        @Override
        public void onInfo(Frame.Info info) {
            infos++;
        }

        @Override
        public void onResponse(Frame.Response head) {
            response = head;
        }

        @Override
        public void onData(ByteBuf content) {
            int size = content.readableBytes();
            if (bytes + size < 1_000) {
                text += content.toString(StandardCharsets.UTF_8);
            }
            for (int i = 0; i < size; i++) {
                wrong |= content.getByte(content.readerIndex() + i) != pattern(bytes + i);
            }
            bytes += size;
            content.release();
            if (side.consuming) {
                exchange.consumed(size);
            }
        }

        @Override
        public void onTrailers(List<Field> fields) {
            trailers = fields;
        }

        @Override
        public void onEnd() {
            ended = true;
        }

        @Override
        public void onDetached() {
            detached++;
        }

        @Override
        public void onResumed() {
            resumed++;
        }

        private static byte pattern(long offset) {
            return (byte) (offset ^ offset >> 8 ^ offset >> 16);
        }

        @Override
        public void onReset(Code code, String reason) {
            reset = code;
        }

        /** Sends this many bytes as fast as it may, then END. */
        void stream(long size) {
            toSend = size;
            onWritable();
        }

        @Override
        public void onWritable() {
            while (toSend > 0 && exchange.isWritable()) {
                int size = (int) Math.min(toSend, 32 << 10);
                toSend -= size;
                byte[] next = new byte[size];
                for (int i = 0; i < size; i++) {
                    next[i] = pattern(sent++);
                }
                exchange.sendData(Unpooled.wrappedBuffer(next));
                if (toSend == 0 && !endHeld) {
                    exchange.sendEnd(List.of());
                }
            }
        }

        void answer(String body) {
            answered = true;
            exchange.sendResponse(new Frame.Response(200, List.of(new Field("a", "b")), false));
            exchange.sendData(Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
            exchange.sendEnd(List.of());
        }
    }

    protected final Call arrived(int index) {
        eventually("exchange " + index + " arrives", () -> nodeSide.calls.size() > index);
        return nodeSide.calls.get(index);
    }

    @Test
    void carriesARequestAndItsResponse() {
        Call call = relaySide.open(false, new Field("x-test", "ü"));
        relaySide.on(() -> {
            call.exchange.sendData(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8));
            call.exchange.sendEnd(List.of());
            return null;
        });
        Call there = arrived(0);
        eventually("the request ends", () -> there.ended);
        nodeSide.on(() -> {
            there.answer("world");
            return null;
        });

        eventually("the response ends", () -> call.ended);
        assertThat(there.request.fields()).contains(new Field("x-test", "ü"));
        assertThat(there.text).isEqualTo("hello");
        assertThat(call.response.status()).isEqualTo(200);
        assertThat(call.text).isEqualTo("world");
        eventually("nothing is left", () -> relaySide.session.exchanges() == 0 && nodeSide.session.exchanges() == 0);
    }

    /** PROTOCOL.md §6.3: its sender says so, and the receiver lets more of it be under way. */
    @Test
    void whoSendsMuchGetsALargerWindow() {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            there.endHeld = true;
            there.stream(16L << 20);
            return null;
        });

        eventually("all has passed", Duration.ofSeconds(30), () -> call.bytes == 16L << 20);
        long room = relaySide.on(() -> {
            ReceiveWindow window = call.exchange.incoming().window();
            return window.limit() - window.consumed();
        });
        assertThat(room).isGreaterThan(512 << 10);
        relaySide.on(() -> {
            call.exchange.reset(Code.CANCELLED, "enough");
            return null;
        });
        eventually("nothing is left", () -> nodeSide.session.exchanges() == 0);
        assertThat(relaySide.session.outstandingCredit()).isZero();
    }

    @Test
    void carriesInterimResponsesAndTrailers() {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        nodeSide.on(() -> {
            there.exchange.sendInfo(103, List.of());
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            there.exchange.sendEnd(List.of(new Field("x-sum", "1")));
            return null;
        });

        eventually("the response ends", () -> call.ended);
        assertThat(call.infos).isEqualTo(1);
        assertThat(call.trailers).containsExactly(new Field("x-sum", "1"));
    }

    @Test
    void aCancelReachesTheNodeEvenWhenTheRequestHasEndedAndTheNodeIsIdle() {
        Call call = relaySide.open(true);
        Call there = arrived(0);

        relaySide.on(() -> {
            call.exchange.reset(Code.CANCELLED, "the client left");
            return null;
        });

        eventually("the node is told", Duration.ofSeconds(1), () -> there.reset != null);
        assertThat(there.reset).isEqualTo(Code.CANCELLED);
        eventually("nothing is left", () -> nodeSide.session.exchanges() == 0);
    }

    @Test
    void theNodesFailureComesBehindItsValidBytes() {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            there.exchange.sendData(Unpooled.copiedBuffer("half", StandardCharsets.UTF_8));
            there.exchange.reset(Code.BACKEND_RESET, "gone");
            return null;
        });

        eventually("the relay is told", () -> call.reset != null);
        assertThat(call.text).isEqualTo("half");
        assertThat(call.reset).isEqualTo(Code.BACKEND_RESET);
        assertThat(call.ended).isFalse();
    }

    @Test
    void aResponseMayEndBeforeItsRequest() {
        Call call = relaySide.open(false);
        Call there = arrived(0);
        nodeSide.on(() -> {
            there.answer("no");
            return null;
        });

        eventually("the response ends", () -> call.ended);
        eventually("nothing is left", () -> relaySide.session.exchanges() == 0 && nodeSide.session.exchanges() == 0);
    }

    @Test
    void largeBodiesPassInBothDirections() {
        long size = 20L << 20;
        Call call = relaySide.open(false);
        Call there = arrived(0);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            // A response that ends before its request cuts the request off.
            there.endHeld = true;
            there.stream(size);
            return null;
        });
        relaySide.on(() -> {
            call.stream(size);
            return null;
        });
        eventually("the request ends", Duration.ofSeconds(60), () -> there.ended);
        nodeSide.on(() -> {
            there.endHeld = false;
            if (there.toSend == 0) {
                there.exchange.sendEnd(List.of());
            }
            return null;
        });

        eventually("both end", Duration.ofSeconds(60), () -> call.ended && there.ended);
        assertThat(call.bytes).isEqualTo(size);
        assertThat(there.bytes).isEqualTo(size);
    }

    @Test
    void readersThatStopDoNotStopTheOthers() {
        relaySide.consuming = false;
        for (int i = 0; i < 64; i++) {
            relaySide.open(true);
            Call there = arrived(i);
            nodeSide.on(() -> {
                there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
                there.stream(1L << 30);
                return null;
            });
        }
        eventually("all have stopped", () -> nodeSide.calls.stream().noneMatch(c -> c.exchange.isWritable()));
        relaySide.consuming = true;

        Call healthy = relaySide.open(true);
        Call there = arrived(64);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            there.stream(16L << 20);
            return null;
        });

        eventually("the healthy one ends", Duration.ofSeconds(60), () -> healthy.ended);
        assertThat(relaySide.session.outstandingCredit()).isLessThanOrEqualTo(8L << 20);
    }

    @Test
    void drainFinishesWhatRunsAndThenCloses() {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        relaySide.on(() -> {
            relaySide.session.drain(Code.DRAINING, Duration.ofSeconds(20), "stop");
            return null;
        });
        eventually("the node knows", () -> nodeSide.log.contains("goaway DRAINING"));
        assertThat(relaySide.session.accepts()).isFalse();
        nodeSide.on(() -> {
            there.answer("late");
            return null;
        });

        eventually("the response ends", () -> call.ended);
        eventually("both are closed", () -> closed(relaySide) && closed(nodeSide));
    }

    @Test
    void theDeadlineOfADrainResetsWhatStillRuns() {
        Call call = relaySide.open(true);
        arrived(0);
        relaySide.on(() -> {
            relaySide.session.drain(Code.DRAINING, Duration.ofMillis(50), "stop");
            return null;
        });

        eventually("the exchange is reset", () -> call.reset == Code.DRAINING);
    }

    @Test
    void aClosedSessionResetsItsExchangesOnBothSides() {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        relaySide.on(() -> {
            relaySide.session.close(Code.REVOKED, "revoked");
            return null;
        });

        eventually("both are told", () -> call.reset != null && there.reset != null);
        assertThat(there.reset).isIn(Code.REVOKED, Code.SESSION_LOST);
        eventually("the node knows why", () -> nodeSide.log.contains("closed REVOKED"));
    }

    @Test
    void modelsArriveWhole() {
        String json = "{\"models\":[" + "x".repeat(200_000) + "]}";
        nodeSide.on(() -> {
            nodeSide.session.sendModels(Unpooled.copiedBuffer(json, StandardCharsets.UTF_8));
            return null;
        });

        eventually("the relay has them", () -> relaySide.log.contains("models " + json));
    }

    @Test
    void manyExchangesAtOnceAreAllAnswered() {
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            calls.add(relaySide.open(true));
        }
        eventually("all arrive", () -> nodeSide.calls.size() == 300);
        nodeSide.on(() -> {
            nodeSide.calls.forEach(there -> there.answer("ok"));
            return null;
        });

        eventually("all are answered", () -> calls.stream().allMatch(call -> call.ended && call.text.equals("ok")));
        eventually("nothing is left", () -> relaySide.session.exchanges() == 0 && nodeSide.session.exchanges() == 0);
        assertThat(relaySide.session.outstandingCredit()).isZero();
    }

    @Test
    void aSessionOutlivesAnyNumberOfExchanges() {
        for (int i = 0; i < 3_000; i++) {
            Call call = relaySide.open(i % 2 == 0);
            Call there = arrived(i);
            boolean body = i % 2 == 1;
            relaySide.on(() -> {
                if (body) {
                    call.exchange.sendData(Unpooled.copiedBuffer("x", StandardCharsets.UTF_8));
                    call.exchange.sendEnd(List.of());
                }
                return null;
            });
            nodeSide.on(() -> {
                there.answer("ok");
                return null;
            });
            eventually("exchange " + i + " is answered", () -> call.ended);
        }
    }

    @Test
    void aSessionOutlivesAnyNumberOfCancelledExchanges() {
        for (int i = 0; i < 3_000; i++) {
            boolean ended = i % 2 == 0;
            Call call = relaySide.open(ended);
            Call there = arrived(i);
            relaySide.on(() -> {
                call.exchange.reset(Code.CANCELLED, "client gone");
                return null;
            });
            eventually("exchange " + i + " is over on the node", () -> there.reset != null);
        }
    }

    protected static boolean closed(Recorder side) {
        return side.log.stream().anyMatch(line -> line.startsWith("closed"));
    }
}
