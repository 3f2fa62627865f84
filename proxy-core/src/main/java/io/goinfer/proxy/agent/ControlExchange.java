// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.LiveSink;
import io.goinfer.proxy.control.ModelControl;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.TunnelHeads;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.session.ExchangeEvents;
import io.goinfer.tunnel.session.TunnelExchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A request of the relay that this node answers itself: PROTOCOL.md §6.9. Confined to the session's loop. */
final class ControlExchange implements ExchangeEvents {
    private static final Logger LOG = LoggerFactory.getLogger(ControlExchange.class);
    private static final int MAX_BODY = 16 << 10;

    /** What a slow reader may have waiting before more is dropped. */
    private static final int MAX_WAITING = 1 << 20;

    private final TunnelExchange tunnel;
    private final Frame.Request request;
    private final EventLoop loop;
    private final ModelControl control;
    private final ByteBuf body = Unpooled.buffer(0, MAX_BODY);
    private @Nullable Runnable end;
    private long waiting;
    private long dropped;
    private boolean over;

    ControlExchange(TunnelExchange tunnel, Frame.Request request, EventLoop loop, ModelControl control) {
        this.tunnel = tunnel;
        this.request = request;
        this.loop = loop;
        this.control = control;
    }

    @Override
    public void onData(ByteBuf content) {
        boolean fits = body.readableBytes() + content.readableBytes() <= MAX_BODY;
        if (fits) {
            body.writeBytes(content);
        }
        tunnel.consumed(content.readableBytes());
        content.release();
        if (!fits) {
            answer(Reply.refuse(Refusal.tooLarge(MAX_BODY)));
        }
    }

    @Override
    public void onEnd() {
        // Behind the session's own bookkeeping.
        loop.execute(() -> {
            try {
                handle();
            } catch (RuntimeException e) {
                LOG.warn("exchange {} broken off: {}", tunnel.id(), e.toString());
                LOG.debug("exchange {} broken off", tunnel.id(), e);
                answer(Reply.refuse(Refusal.internal()));
            }
        });
    }

    private void handle() {
        if (over) {
            return;
        }
        String method = TunnelHeads.pseudo(request.fields(), ":method", "GET");
        String path = TunnelHeads.pseudo(request.fields(), ":path", "/");
        // The relay has checked who asks.
        Call call = Call.of(method, path, ByteBufUtil.getBytes(body), true);
        ModelControl.Handler handler = control.find(method, call.path());
        if (handler == null) {
            answer(Reply.refuse(Refusal.notFound(call.path())));
            return;
        }
        handler.handle(call)
                .whenComplete((reply, failure) -> loop.execute(() -> {
                    if (failure != null) {
                        LOG.error("{} failed", call.path(), failure);
                        answer(Reply.refuse(Refusal.internal()));
                    } else {
                        answer(reply);
                    }
                }));
    }

    private void answer(Reply reply) {
        if (over || tunnel.isOver()) {
            return;
        }
        over = true;
        List<Field> fields = new ArrayList<>(List.of(new Field("content-type", reply.contentType())));
        reply.headers().forEach((name, value) -> fields.add(new Field(name, value)));
        tunnel.sendResponse(new Frame.Response(reply.status(), fields, false));
        tunnel.sendData(Unpooled.wrappedBuffer(reply.body()));
        if (reply.stream() == null) {
            tunnel.sendEnd(List.of());
            return;
        }
        end = reply.stream()
                .start(new LiveSink(loop, this::send, lost -> dropped += lost, () -> tunnel.sendEnd(List.of())));
    }

    private void send(byte[] bytes) {
        if (tunnel.isOver()) {
            return;
        }
        if (!tunnel.isWritable() && waiting + bytes.length > MAX_WAITING) {
            dropped += bytes.length;
            return;
        }
        if (dropped > 0) {
            byte[] note = ("\n— " + dropped + " bytes dropped —\n").getBytes(StandardCharsets.UTF_8);
            dropped = 0;
            tunnel.sendData(Unpooled.wrappedBuffer(note));
        }
        tunnel.sendData(Unpooled.wrappedBuffer(bytes));
        waiting = tunnel.isWritable() ? 0 : waiting + bytes.length;
    }

    @Override
    public void onWritable() {
        waiting = 0;
    }

    @Override
    public void onReset(Code code, String reason) {
        over = true;
        if (end != null) {
            end.run();
            end = null;
        }
    }
}
