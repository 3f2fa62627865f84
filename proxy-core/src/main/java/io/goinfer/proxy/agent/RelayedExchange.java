// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.proxy.config.GoinferConfig.Limits;
import io.goinfer.proxy.control.Errors;
import io.goinfer.proxy.control.ModelControl;
import io.goinfer.proxy.exchange.BodyKind;
import io.goinfer.proxy.exchange.Downstream;
import io.goinfer.proxy.exchange.Exchange;
import io.goinfer.proxy.exchange.ExchangeRules;
import io.goinfer.proxy.exchange.ExchangeWatcher;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.HopHeaders;
import io.goinfer.proxy.upstream.MalformedHead;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.TunnelHeads;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.session.ExchangeEvents;
import io.goinfer.tunnel.session.TunnelExchange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The downstream end of one exchange on the node: the relay, through the tunnel. Confined to the session's loop. */
final class RelayedExchange implements Downstream, ExchangeEvents, ExchangeWatcher {
    private static final Logger LOG = LoggerFactory.getLogger(RelayedExchange.class);

    /** What every exchange of a node shares. */
    record Rules(Router router, ByteBudget budget, Limits limits, ModelControl control) {}

    private final TunnelExchange tunnel;
    private final EventLoop loop;
    private final Exchange exchange;
    private final String path;
    private HttpHeaders trailers = EmptyHttpHeaders.INSTANCE;
    private boolean headSent;

    /** A head that cannot be one of HTTP/1.1 is the relay's mistake. */
    static ExchangeEvents begin(TunnelExchange tunnel, Frame.Request request, EventLoop loop, Rules rules) {
        try {
            return new RelayedExchange(tunnel, request, loop, rules);
        } catch (MalformedHead e) {
            LOG.warn("exchange {}: {}", tunnel.id(), e.getMessage());
            tunnel.reset(Code.PROTOCOL, String.valueOf(e.getMessage()));
            return new Nobody();
        }
    }

    /** Of an exchange that is over: nothing comes. */
    private static final class Nobody implements ExchangeEvents {
        @Override
        public void onData(ByteBuf content) {
            content.release();
        }

        @Override
        public void onEnd() {}

        @Override
        public void onReset(Code code, String reason) {}
    }

    private RelayedExchange(TunnelExchange tunnel, Frame.Request request, EventLoop loop, Rules rules) {
        this.tunnel = tunnel;
        this.loop = loop;
        HttpHeaders headers = HopHeaders.relayed(TunnelHeads.requestHeaders(request.fields()));
        String model = headers.get(HopHeaders.MODEL);
        headers.remove(HopHeaders.MODEL);
        this.path = TunnelHeads.path(request.fields());
        String type = headers.get("content-type");
        boolean json = BodyKind.isJson(type);
        Limits limits = rules.limits();
        RequestHead head = RequestHead.first(
                headers.get(HopHeaders.REQUEST_ID, "-"),
                TunnelHeads.method(request.fields()),
                path,
                headers,
                !request.end());
        boolean plain = head.isDirect() || head.isUpgrade();
        this.exchange = new Exchange(
                this,
                head,
                model,
                null,
                new ExchangeRules(
                        rules.router(),
                        rules.budget(),
                        null,
                        plain ? null : BodyKind.scanner(type, model != null),
                        limits.selectBytes(),
                        head.isUpgrade() ? Long.MAX_VALUE : json ? limits.jsonBodyBytes() : limits.bodyBytes(),
                        () -> null),
                this);
    }

    // ---- from the relay

    @Override
    public void onOpened() {
        exchange.start();
    }

    @Override
    public void onData(ByteBuf content) {
        exchange.onRequestBody(content);
    }

    @Override
    public void onTrailers(List<Field> fields) {
        trailers = TunnelHeads.headers(fields);
    }

    @Override
    public void onEnd() {
        exchange.onRequestEnd(trailers);
    }

    @Override
    public void onReset(Code code, String reason) {
        exchange.onClientGone();
    }

    @Override
    public void onWritable() {
        exchange.onDownstreamWritable();
    }

    // ---- to the relay

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public void info(int status, HttpHeaders headers) {
        tunnel.sendInfo(status, TunnelHeads.fields(headers));
    }

    @Override
    public void head(int status, HttpHeaders headers) {
        headSent = true;
        headers.remove(HopHeaders.NODE);
        headers.remove(HopHeaders.MODEL);
        tunnel.sendResponse(new Frame.Response(status, TunnelHeads.fields(headers), false));
    }

    @Override
    public void body(ByteBuf content) {
        tunnel.sendData(content);
    }

    @Override
    public void end(HttpHeaders trailers) {
        tunnel.sendEnd(TunnelHeads.fields(trailers));
    }

    /** The tunnel writes at once. */
    @Override
    public void flush() {}

    @Override
    public boolean isWritable() {
        return tunnel.isWritable();
    }

    @Override
    public void consumed(int bytes) {
        tunnel.consumed(bytes);
    }

    /** What is the node's or the backend's failure is a code, so that the relay may act on it; the rest is an answer. */
    @Override
    public void refuse(Refusal refusal) {
        switch (refusal.code()) {
            case "backend_unreachable" -> tunnel.reset(Code.BACKEND_UNREACHABLE, refusal.message());
            case "backend_failed" -> tunnel.reset(Code.BACKEND_RESET, refusal.message());
            case "overloaded" -> tunnel.reset(Code.OVERLOAD, refusal.message());
            default -> answer(refusal);
        }
    }

    private void answer(Refusal refusal) {
        byte[] json = Errors.json(refusal, path).getBytes(StandardCharsets.UTF_8);
        List<Field> fields = List.of(
                new Field("content-type", "application/json"),
                new Field("content-length", Integer.toString(json.length)));
        tunnel.sendResponse(new Frame.Response(refusal.status(), fields, false));
        tunnel.sendData(Unpooled.wrappedBuffer(json));
        tunnel.sendEnd(List.of());
    }

    @Override
    public void abort(Refusal refusal, boolean betweenEvents) {
        tunnel.reset(Code.BACKEND_RESET, refusal.message());
    }

    // ---- the log

    @Override
    public void placed(Place place) {
        LOG.debug("exchange {} to {}", tunnel.id(), place.owner());
    }

    @Override
    public void head(int status) {
        LOG.trace("exchange {}: {}, head sent {}", tunnel.id(), status, headSent);
    }

    @Override
    public void sent(int bytes) {
        // The relay counts.
    }

    @Override
    public void done(@Nullable Refusal refusal, boolean clientGone) {
        if (refusal != null) {
            LOG.info("exchange {}: {}: {}", tunnel.id(), refusal.code(), refusal.message());
        }
    }
}
