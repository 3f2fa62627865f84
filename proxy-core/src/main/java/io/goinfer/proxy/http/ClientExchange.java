// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.GoinferConfig.Limits;
import io.goinfer.proxy.control.Errors;
import io.goinfer.proxy.exchange.BodyKind;
import io.goinfer.proxy.exchange.Downstream;
import io.goinfer.proxy.exchange.Exchange;
import io.goinfer.proxy.exchange.ExchangeRules;
import io.goinfer.proxy.exchange.ExchangeWatcher;
import io.goinfer.proxy.keys.ApiKey;
import io.goinfer.proxy.metrics.AccessLog;
import io.goinfer.proxy.metrics.Captures;
import io.goinfer.proxy.metrics.Recording;
import io.goinfer.proxy.metrics.Tail;
import io.goinfer.proxy.metrics.Usage;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.upstream.HopHeaders;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** The downstream end of one exchange on a client's HTTP/1.1 connection, with its access-log line. Confined to the connection's loop. */
final class ClientExchange implements Downstream, ExchangeWatcher {
    /** Request bytes that may wait for the upstream before the client is not read any more. */
    private static final int READ_AHEAD = 64 << 10;

    private static final int CLIENT_GONE_STATUS = 499;

    private final EdgeHandler edge;
    private final EdgeRules rules;
    private final HttpRequest request;
    private final ApiKey key;
    private final String requestId;
    private final boolean keepAlive;
    private final Exchange exchange;
    private final long startedAt = System.nanoTime();
    private final @Nullable Refusal early;
    private final EarlyHead waiting;
    private int underWay;
    private @Nullable Place place;
    private int status;
    private final RunningRequests.Entry entry;
    private final Tail tail = new Tail();
    private final @Nullable Recording recording;
    private HttpHeaders answered = EmptyHttpHeaders.INSTANCE;
    private String contentType = "";
    private long bytes;
    private ResponseFraming framing = ResponseFraming.NO_BODY;

    ClientExchange(EdgeHandler edge, EdgeRules rules, HttpRequest request, ApiKey key, boolean tls) {
        this.edge = edge;
        this.rules = rules;
        this.request = request;
        this.key = key;
        this.requestId = requestId(request.headers());
        this.keepAlive = rules.keeps(request);
        HttpHeaders headers = HopHeaders.request(request.headers(), edge.client(), tls, requestId);
        boolean upgrade = headers.contains(HopHeaders.UPGRADE);
        boolean hasBody =
                upgrade || HttpUtil.isTransferEncodingChunked(request) || HttpUtil.getContentLength(request, 0L) > 0;
        Upstreams.Target direct = Upstreams.find(request.uri(), rules.router());
        if (direct != null) {
            headers.set(HopHeaders.DIRECT, direct.onlyIfLoaded() ? HopHeaders.ONLY_IF_LOADED : "1");
        }
        String type = request.headers().get("content-type");
        boolean json = BodyKind.isJson(type);
        Limits limits = rules.limits();
        long most = upgrade ? Long.MAX_VALUE : json ? limits.jsonBodyBytes() : limits.bodyBytes();
        this.early = HttpUtil.getContentLength(request, 0L) > most ? Refusal.tooLarge(most) : null;
        String chosen = request.headers().get(HopHeaders.MODEL);
        String model = direct != null ? direct.model() : chosen != null ? chosen : modelOf(request.uri());
        this.exchange = new Exchange(
                this,
                RequestHead.first(
                        requestId,
                        request.method().name(),
                        direct == null ? Upstreams.plain(request.uri()) : direct.path(),
                        headers,
                        hasBody),
                model,
                request.headers().get(HopHeaders.NODE),
                new ExchangeRules(
                        rules.router(),
                        rules.budget(),
                        rules.replay(),
                        direct != null || upgrade ? null : BodyKind.scanner(type, model != null),
                        limits.selectBytes(),
                        most,
                        this::unnamed),
                this);
        this.waiting = new EarlyHead(edge, this::whole, exchange::streams, fields -> writeHead(200, fields));
        this.entry = new RunningRequests.Entry(
                requestId,
                Instant.now(),
                request.method().name(),
                request.uri(),
                edge.client(),
                key.id(),
                () -> loop().execute(this::cancelled));
        boolean recorded = request.method().name().equals("POST") && !upgrade;
        this.recording = recorded ? rules.requests().captures().begin(Answers.path(request.uri())) : null;
        rules.metrics().started();
        rules.requests().running().add(entry);
    }

    /** What the query names; one that cannot be decoded names none, and is the server's to judge. */
    private static @Nullable String modelOf(String uri) {
        try {
            List<String> named = new QueryStringDecoder(uri).parameters().getOrDefault("model", List.of());
            return named.isEmpty() ? null : named.get(0);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The model of a request that names none. */
    private @Nullable String unnamed() {
        String path = Answers.path(request.uri());
        boolean own = !path.startsWith("/v1/") && !path.startsWith("/v/");
        return rules.requests().lastModels().of(key.id(), own);
    }

    /** Somebody else ended it. */
    private void cancelled() {
        if (!isOver()) {
            exchange.end(new Refusal(499, "cancelled_error", "cancelled", "the request was ended by an order", 0));
        }
    }

    private static String requestId(HttpHeaders headers) {
        String given = headers.get(HopHeaders.REQUEST_ID);
        return given != null && given.matches("[A-Za-z0-9._:-]{1,64}")
                ? given
                : HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }

    boolean isOver() {
        return exchange.isDone();
    }

    /** Something of its response has left. */
    boolean answering() {
        return status != 0 || waiting.sent();
    }

    void start() {
        if (early != null) {
            exchange.end(early);
        } else {
            exchange.start();
            if (!exchange.isDone()) {
                waiting.start(rules.limits().earlyHead());
            }
        }
    }

    // ---- from the client

    void onBody(ByteBuf content) {
        if (isOver()) {
            content.release();
            return;
        }
        if (recording != null) {
            recording.request(content);
        }
        underWay += content.readableBytes();
        if (underWay >= READ_AHEAD) {
            edge.readMore(false);
        }
        exchange.onRequestBody(content);
    }

    /** Of an upgrade only the head has an end; what follows the 101 ends with the connection. */
    void onRequestEnd(HttpHeaders trailers) {
        if (!isOver() && !HopHeaders.asksForWebSocket(request.headers())) {
            exchange.onRequestEnd(trailers);
            tellLoading();
        }
    }

    void onClientGone() {
        exchange.onClientGone();
    }

    void onWritable() {
        exchange.onDownstreamWritable();
    }

    // ---- to the client

    @Override
    public EventLoop loop() {
        return edge.loop();
    }

    /** Not into an answer that has begun, and to nobody who would take it for one (RFC 9110 §15.2). */
    @Override
    public void info(int code, HttpHeaders headers) {
        if (answering() || request.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
            return;
        }
        edge.write(new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(code),
                Unpooled.EMPTY_BUFFER,
                headers,
                EmptyHttpHeaders.INSTANCE));
        edge.flush();
    }

    @Override
    public void head(int code, HttpHeaders headers) {
        contentType = headers.get("content-type", "");
        answered = headers;
        if (!waiting.takesHead(code, headers)) {
            writeHead(code, headers);
        }
    }

    private void writeHead(int code, HttpHeaders headers) {
        HttpResponse response =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(code), headers);
        headers.set(HopHeaders.REQUEST_ID, requestId);
        framing = ResponseFraming.of(request.method(), request.protocolVersion(), code, headers);
        framing.into(code, headers);
        if (framing == ResponseFraming.SWITCHED) {
            edge.write(response);
            edge.switchProtocols();
            return;
        }
        if (framing == ResponseFraming.CLOSE) {
            Cut.untilWhole(edge.channel());
        }
        edge.cors(request, headers);
        if (!keepAlive) {
            headers.set("connection", "close");
        }
        edge.write(response);
    }

    @Override
    public void body(ByteBuf content) {
        tail.add(content);
        if (recording != null) {
            recording.response(content);
        }
        if (waiting.takesBody(content)) {
            return;
        }
        if (framing == ResponseFraming.CHUNKED && content.isReadable() && content.readableBytes() <= Chunk.MOST) {
            edge.writeEncoded(Chunk.of(content));
        } else {
            edge.write(framing == ResponseFraming.SWITCHED ? content : new DefaultHttpContent(content));
        }
    }

    @Override
    public void end(HttpHeaders trailers) {
        if (waiting.takesEnd()) {
            return;
        }
        if (framing == ResponseFraming.SWITCHED) {
            edge.exchangeDone(true);
        } else if (framing == ResponseFraming.CHUNKED && !trailers.isEmpty()) {
            whole(new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, trailers));
        } else {
            whole(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    private void whole(LastHttpContent last) {
        edge.write(last);
        edge.flush();
        if (framing == ResponseFraming.CLOSE) {
            Cut.whole(edge.channel());
        }
        boolean kept = keepAlive && request.protocolVersion().equals(HttpVersion.HTTP_1_1);
        // After the exchange itself has finished its bookkeeping.
        loop().execute(() -> edge.exchangeDone(!kept));
    }

    @Override
    public void flush() {
        edge.flush();
    }

    @Override
    public boolean isWritable() {
        return edge.isWritable();
    }

    @Override
    public void consumed(int size) {
        underWay -= size;
        if (underWay < READ_AHEAD / 2) {
            edge.readMore(true);
        }
    }

    @Override
    public void refuse(Refusal refusal) {
        status = refusal.status();
        if (waiting.sent()) {
            waiting.refuse(refusal, request.uri());
            return;
        }
        boolean bodyLeft = refusal.status() == 413 || refusal.status() == 400;
        edge.sendRefusal(request, refusal, requestId, bodyLeft || !keepAlive);
    }

    @Override
    public void abort(Refusal refusal, boolean betweenEvents) {
        if (betweenEvents) {
            String event = Errors.event(refusal, request.uri());
            edge.write(new DefaultHttpContent(Unpooled.copiedBuffer(event, StandardCharsets.UTF_8)));
        }
        // Without the last chunk, so that nobody takes it for a clean end.
        edge.exchangeCut();
    }

    // ---- the log

    @Override
    public void placed(Place to) {
        place = to;
        rules.requests().running().at(entry, to.modelId());
        rules.requests().lastModels().used(key.id(), to.modelId());
        tellLoading();
    }

    /** As llama-swap does it: chats only, and only while the model is not there. */
    private void tellLoading() {
        Place to = place;
        boolean wanted =
                to != null && to.loadingState() && !to.ready() && request.uri().startsWith("/v1/chat/completions");
        if (to != null && wanted && !isOver() && exchange.streams()) {
            waiting.tellLoading(to.modelId());
        }
    }

    @Override
    public void head(int code) {
        status = code;
    }

    @Override
    public void retried() {
        rules.metrics().retried();
        if (place != null) {
            place.retried().incrementAndGet();
        }
    }

    @Override
    public void sent(int size) {
        if (bytes == 0) {
            rules.metrics().firstByte((System.nanoTime() - startedAt) / 1e9);
        }
        bytes += size;
    }

    @Override
    public void done(@Nullable Refusal refusal, boolean clientGone) {
        waiting.stop();
        int told = status != 0 ? status : refusal != null ? refusal.status() : CLIENT_GONE_STATUS;
        long nanos = System.nanoTime() - startedAt;
        rules.metrics().ended(told, nanos / 1e9, bytes, clientGone);
        rules.requests().running().remove(entry);
        if (request.method().name().equals("POST")) {
            recorded(told, nanos, refusal);
        }
        AccessLog.line(
                edge.client().getHostAddress(),
                request.method().name(),
                request.uri(),
                told,
                bytes,
                nanos / 1_000,
                key.name(),
                place == null ? "-" : place.modelId(),
                place == null ? "-" : place.owner(),
                requestId,
                clientGone ? "client-gone" : refusal == null ? "" : refusal.code());
    }

    private void recorded(int told, long nanos, @Nullable Refusal refusal) {
        Usage usage =
                told == 200 ? Usage.read(tail.bytes(), contentType.startsWith("text/event-stream")) : Usage.UNKNOWN;
        Captures.Capture capture = recording == null ? null : recording.end(told, request.headers(), answered);
        long id = rules.requests()
                .activity()
                .add(
                        place == null ? "" : place.modelId(),
                        place == null ? "" : place.owner(),
                        Answers.path(request.uri()),
                        contentType,
                        told,
                        usage,
                        nanos / 1_000_000,
                        refusal == null ? "" : refusal.message(),
                        capture != null);
        if (capture != null) {
            rules.requests().captures().keep(id, capture);
        }
    }
}
