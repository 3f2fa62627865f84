// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.session.ExchangeEvents;
import io.goinfer.tunnel.session.TunnelExchange;
import io.goinfer.tunnel.session.TunnelSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One exchange through a tunnel, and its one hop between loops: fields named {@code session…} belong to the session's loop, the others to the exchange's.
 * {@link Hop} carries calls over in order; where both loops are one it calls at once.
 */
final class TunnelStream implements Upstream.Stream {
    /** Request bytes that may be on their way to the session's loop. */
    private static final int MAX_CROSSING = 64 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(TunnelStream.class);

    private final String node;
    private final RequestHead request;
    private final @Nullable String modelId;
    private final CheckedResponse response;
    private final @Nullable Object process;
    private final EventLoop loop;
    private final Hop toExchange;
    private @Nullable Hop toSession;
    private int crossing;
    private boolean peerWritable = true;
    /** What the client took is told in steps: each is a task on the other loop. */
    private int step = 1;

    private int unreported;
    private boolean over;

    private @Nullable TunnelExchange sessionExchange;

    /**
     * @param process of the node; null: none is there
     * @param modelId null: the node is to answer itself
     */
    TunnelStream(
            String node,
            @Nullable Object process,
            RequestHead request,
            @Nullable String modelId,
            EventLoop loop,
            Upstream.Response next) {
        this.node = node;
        this.process = process;
        this.request = request;
        this.modelId = modelId;
        this.loop = loop;
        this.response = new CheckedResponse("node " + node, request, next, this::cancel);
        // One way for everything, or "writable" could overtake "not writable".
        this.toExchange = new Hop(loop, this::broken, () -> {
            if (!over) {
                response.onBatchEnd();
            }
        });
    }

    @Override
    public @Nullable Object process() {
        return process;
    }

    void start(@Nullable TunnelSession session) {
        if (session == null) {
            loop.execute(() -> failed(lost()));
            return;
        }
        Hop hop = new Hop(session.wire().loop(), this::broken);
        toSession = hop;
        step = session.terms().consumedStep();
        hop.run(() -> {
            if (session.accepts()) {
                try {
                    sessionExchange = session.open(head(), new SessionSide());
                } catch (FrameException e) {
                    toExchange.run(() -> failed(Refusal.headTooLarge()));
                }
            } else {
                toExchange.run(() -> failed(lost()));
            }
        });
    }

    /** On either loop. */
    private void broken(RuntimeException cause) {
        LOG.warn("node {}: exchange {} broken off: {}", node, request.exchange(), cause.toString());
        LOG.debug("node {}: exchange {} broken off", node, request.exchange(), cause);
        loop.execute(() -> {
            boolean before = over;
            cancel();
            if (!before) {
                response.onFailed(Refusal.internal());
            }
        });
    }

    private Refusal lost() {
        return Refusal.nodeLost("node " + node + " is not connected any more");
    }

    private Frame.Request head() {
        List<Field> fields = new ArrayList<>(request.headers().size() + 4);
        fields.add(new Field(":method", request.method()));
        fields.add(new Field(":path", request.path()));
        fields.add(new Field(":authority", modelId == null ? TunnelHeads.CONTROL : "node"));
        TunnelHeads.addTo(fields, request.headers());
        if (modelId != null) {
            fields.add(new Field(HopHeaders.MODEL, modelId));
        }
        return Frame.Request.of(request.exchange(), fields, !request.hasBody());
    }

    // ---- the request, on the exchange's loop

    @Override
    public void body(ByteBuf content) {
        Hop hop = toSession;
        if (over || hop == null) {
            content.release();
            return;
        }
        int size = content.readableBytes();
        crossing += size;
        hop.run(() -> {
            if (sessionExchange != null) {
                sessionExchange.sendData(content);
            } else {
                content.release();
            }
            boolean writable = sessionExchange != null && sessionExchange.isWritable();
            toExchange.run(() -> crossed(size, writable));
        });
    }

    private void crossed(int size, boolean writable) {
        boolean before = isWritable();
        crossing -= size;
        peerWritable = writable;
        if (!over && !before && isWritable()) {
            response.onWritable();
        }
    }

    @Override
    public void end(HttpHeaders trailers) {
        if (!over && toSession != null && request.hasBody()) {
            List<Field> fields = TunnelHeads.fields(trailers);
            toSession.run(() -> {
                if (sessionExchange != null) {
                    sendEnd(sessionExchange, fields);
                }
            });
        }
    }

    private void sendEnd(TunnelExchange exchange, List<Field> trailers) {
        try {
            exchange.sendEnd(trailers);
        } catch (FrameException e) {
            exchange.reset(Code.HEAD_TOO_LARGE, "the request's trailers do not fit a frame");
            toExchange.run(() -> failed(Refusal.headTooLarge()));
        }
    }

    /** The session writes at once. */
    @Override
    public void flush() {}

    @Override
    public boolean isWritable() {
        return peerWritable && crossing < MAX_CROSSING;
    }

    @Override
    public void consumed(int bytes) {
        unreported += bytes;
        if (unreported >= step && toSession != null && !over) {
            int report = unreported;
            unreported = 0;
            toSession.run(() -> {
                if (sessionExchange != null) {
                    sessionExchange.consumed(report);
                }
            });
        }
    }

    @Override
    public void cancel() {
        response.close();
        if (!over) {
            over = true;
            if (toSession != null) {
                toSession.run(() -> {
                    if (sessionExchange != null) {
                        sessionExchange.reset(Code.CANCELLED, "the client left");
                    }
                });
            }
        }
    }

    private void failed(Refusal refusal) {
        if (!over) {
            over = true;
            response.onFailed(refusal);
        }
    }

    // ---- the response

    /** On the session's loop; everything goes over to the exchange's. */
    private final class SessionSide implements ExchangeEvents {
        @Override
        public void onInfo(Frame.Info info) {
            toExchange.run(() -> {
                if (!over) {
                    response.onInfo(info.status(), TunnelHeads.headers(info.fields()));
                }
            });
        }

        @Override
        public void onResponse(Frame.Response head) {
            toExchange.run(() -> {
                if (!over) {
                    response.onHead(head.status(), TunnelHeads.headers(head.fields()));
                }
            });
        }

        @Override
        public void onData(ByteBuf content) {
            toExchange.run(() -> {
                if (over) {
                    content.release();
                } else {
                    response.onBody(content);
                }
            });
        }

        private @Nullable HttpHeaders trailers;

        @Override
        public void onTrailers(List<Field> fields) {
            trailers = TunnelHeads.headers(fields);
        }

        @Override
        public void onEnd() {
            HttpHeaders last = trailers == null ? TunnelHeads.headers(List.of()) : trailers;
            toExchange.run(() -> {
                if (!over) {
                    over = true;
                    response.onEnd(last);
                    response.onBatchEnd();
                }
            });
        }

        @Override
        public void onReset(Code code, String reason) {
            toExchange.run(() -> failed(refusal(code, reason)));
        }

        @Override
        public void onWritable() {
            toExchange.run(() -> {
                peerWritable = true;
                if (!over && isWritable()) {
                    response.onWritable();
                }
            });
        }

        @Override
        public void onDetached() {
            toExchange.run(() -> {
                if (!over) {
                    response.onDetached();
                }
            });
        }

        @Override
        public void onResumed() {
            toExchange.run(() -> {
                if (!over) {
                    response.onResumed();
                }
            });
        }

        @Override
        public void onMoved(EventLoop next) {
            if (toSession != null) {
                toSession.moveTo(next);
            }
        }

        @Override
        public void onBatchEnd() {
            toExchange.batchEnd();
        }
    }

    private Refusal refusal(Code code, String reason) {
        return switch (code) {
            case BACKEND_UNREACHABLE -> Refusal.backendUnreachable(reason);
            case BACKEND_RESET, TRUNCATED -> Refusal.backendFailed(reason);
            case OVERLOAD, REFUSED -> Refusal.overloaded("node " + node + ": " + reason);
            case HEAD_TOO_LARGE -> Refusal.headTooLarge();
            case SESSION_LOST, SUSPECT_TIMEOUT, SUPERSEDED, DRAINING, AUTH ->
                Refusal.nodeLost("node " + node + " was lost: " + reason);
            // It may still be there: Recovery sees to it that its process does not get the request again.
            default -> Refusal.nodeLost("node " + node + " ended the exchange: " + code + ": " + reason);
        };
    }
}
