// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.route.BodyScanner;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.route.Route;
import io.goinfer.proxy.upstream.HopHeaders;
import io.goinfer.proxy.upstream.MalformedHead;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its response, between a {@link Downstream} and an {@link Upstream}: the same on relay, node and standalone. Confined to the
 * downstream's loop.
 *
 * <pre>
 * Selecting ── model known ──► Streaming ── both directions ended, or one failed ──► Done
 *     └───────── refused, client gone ───────────────────────────────────────────►
 * </pre>
 *
 * Holds back the body only in Selecting, and behind an upstream that is not writable (as much as one read brings).
 */
public final class Exchange implements Upstream.Response {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

    private final Downstream down;
    private final RequestHead request;
    private final ExchangeRules rules;
    private final ExchangeWatcher watcher;
    private final HeldBody held;
    private final Patience patience;
    private final Retry retry;
    private final @Nullable BodyScanner scanner;
    private final @Nullable String chosenModel;
    private final @Nullable String chosenOwner;
    private long received;
    private boolean requestEnded;
    private HttpHeaders trailers = EmptyHttpHeaders.INSTANCE;
    private boolean endForwarded;
    private String routedModel = "";
    private @Nullable Place place;
    private Upstream.@Nullable Stream up;
    private boolean headSent;
    private boolean responseEnded;
    private @Nullable EventBoundary events;
    private int unconsumed;
    private boolean done;

    /** @param model,owner what the head or the query chose, or null */
    public Exchange(
            Downstream down,
            RequestHead request,
            @Nullable String model,
            @Nullable String owner,
            ExchangeRules rules,
            ExchangeWatcher watcher) {
        this.down = down;
        this.request = request;
        this.chosenModel = model;
        this.chosenOwner = owner;
        this.rules = rules;
        this.watcher = watcher;
        this.held = new HeldBody(rules.budget());
        this.patience = new Patience(rules.router());
        this.retry = new Retry(rules, request, owner);
        this.scanner = request.hasBody() ? rules.scanner() : null;
    }

    /** Call once, before anything else. */
    public void start() {
        try {
            if (scanner == null) {
                connectTo(chosenModel);
            }
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    public boolean isDone() {
        return done;
    }

    /** The client asked for a stream, as far as its body was seen. */
    public boolean streams() {
        return scanner != null && Boolean.TRUE.equals(scanner.stream());
    }

    // ---- the request

    /** Takes ownership. */
    public void onRequestBody(ByteBuf content) {
        try {
            take(content);
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    private void take(ByteBuf content) {
        int size = content.readableBytes();
        received += size;
        if (done) {
            content.release();
            return;
        }
        if (received > rules.bodyBytes()) {
            content.release();
            fail(Refusal.tooLarge(rules.bodyBytes()));
            return;
        }
        BodyScanner scan = scanner;
        if (scan != null && !scan.read(content)) {
            content.release();
            fail(Refusal.invalid("invalid_json", String.valueOf(scan.error())));
            return;
        }
        if (scan != null && scan.modelTwice()) {
            content.release();
            fail(Refusal.invalid("duplicate_model", "\"model\" stands twice in the body"));
            return;
        }
        hold(content);
        if (up == null) {
            select();
        } else {
            pump();
        }
    }

    /** @param last trailers as they came, or empty */
    public void onRequestEnd(HttpHeaders last) {
        if (done || requestEnded) {
            return;
        }
        requestEnded = true;
        try {
            trailers = HopHeaders.requestTrailers(last);
            takeEnd();
        } catch (MalformedHead e) {
            fail(Refusal.invalid("invalid_http", String.valueOf(e.getMessage())));
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    private void takeEnd() {
        if (scanner != null && !scanner.end()) {
            fail(Refusal.invalid("invalid_json", String.valueOf(scanner.error())));
        } else if (up == null) {
            select();
        } else {
            pump();
        }
    }

    /** The client is gone: the backend is told in the same turn. */
    public void onClientGone() {
        if (!done) {
            finish(null, true);
        }
    }

    public void onDownstreamWritable() {
        try {
            giveCredit();
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    /** Selecting: the body goes on as soon as the model is known. */
    private void select() {
        BodyScanner scan = scanner;
        if (scan == null || patience.isWaiting()) {
            return;
        }
        if (scan.modelSeen() || requestEnded) {
            connectTo(chosenModel != null ? chosenModel : scan.model());
        } else if (held.bytes() > rules.selectBytes()) {
            if (chosenModel != null) {
                connect(chosenModel);
            } else {
                fail(Refusal.modelNotInPrefix(rules.selectBytes()));
            }
        }
    }

    private void connectTo(@Nullable String named) {
        String model = named != null ? named : rules.unnamed().get();
        if (model == null) {
            fail(Refusal.modelRequired());
        } else {
            connect(model);
        }
    }

    private void connect(String model) {
        routedModel = model;
        Route route = rules.router().route(model, chosenOwner);
        if (patience.waits(route, down.loop(), this::connectAgain)) {
            return;
        }
        if (route instanceof Route.To to) {
            open(to.place());
        } else {
            fail(route.refusal());
        }
    }

    private void connectAgain() {
        try {
            if (!done) {
                connect(routedModel);
            }
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    private void open(Place to) {
        place = to;
        to.running().incrementAndGet();
        watcher.placed(to);
        HttpHeaders headers = request.headers();
        long grown = held.replaceModel(scanner, to.bodyName());
        String length = headers.get("content-length");
        if (grown != 0 && length != null) {
            headers = headers.copy().set("content-length", Long.toString(Long.parseLong(length) + grown));
        }
        Upstream.Stream stream = to.upstream().open(request.with(headers), to.modelId(), down.loop(), this);
        up = stream;
        retry.tried(routedModel, to, stream.process());
        pump();
    }

    private void hold(ByteBuf content) {
        int size = content.readableBytes();
        boolean allReserved = held.allReserved();
        held.add(content);
        retry.keep(content);
        if (up == null) {
            if (!held.reserve(size)) {
                fail(Refusal.overloaded("too much is held back while looking for models; send \"model\" first"));
                return;
            }
            // What is held back must not stop what is being looked for.
            down.consumed(size);
        } else if (up.isWaiting() && allReserved && held.bytes() <= rules.selectBytes() && held.reserve(size)) {
            // Nor may it hide that the client leaves while it waits for its model.
            down.consumed(size);
        }
    }

    private void pump() {
        Upstream.Stream stream = up;
        if (stream == null || done) {
            return;
        }
        boolean wrote = false;
        while (!held.isEmpty() && stream.isWritable()) {
            ByteBuf next = held.remove();
            int size = next.readableBytes();
            wrote = true;
            if (!held.left(size)) {
                down.consumed(size);
            }
            stream.body(next);
        }
        if (held.isEmpty()) {
            held.releaseReserved();
            if (requestEnded && !endForwarded) {
                endForwarded = true;
                wrote = true;
                stream.end(trailers);
            }
        }
        if (wrote && !done) {
            stream.flush();
        }
    }

    // ---- the response

    @Override
    public void onWritable() {
        pump();
    }

    @Override
    public void onInfo(int status, HttpHeaders headers) {
        if (!done && !headSent) {
            down.info(status, headers);
        }
    }

    @Override
    public void onHead(int status, HttpHeaders headers) {
        if (done) {
            return;
        }
        retry.close();
        String type = headers.get("content-type");
        if (type != null && type.startsWith("text/event-stream")) {
            events = new EventBoundary(down);
            headers.set("x-accel-buffering", "no");
            headers.set("cache-control", "no-cache, no-transform");
            headers.remove("content-length");
        }
        if (place != null) {
            HopHeaders.answeredBy(headers, place.owner(), place.modelId());
        }
        watcher.head(status);
        headSent = true;
        down.head(status, headers);
    }

    @Override
    public void onBody(ByteBuf content) {
        if (done) {
            content.release();
            return;
        }
        int size = content.readableBytes();
        if (events != null) {
            events.passed(content);
        }
        watcher.sent(size);
        unconsumed += size;
        down.body(content);
        giveCredit();
    }

    @Override
    public void onEnd(HttpHeaders last) {
        if (done) {
            return;
        }
        responseEnded = true;
        down.end(last);
        finish(null, false);
    }

    @Override
    public void onFailed(Refusal refusal) {
        if (done) {
            return;
        }
        up = null;
        Recovery recovery = Recovery.of(refusal.code(), headSent, retry.isPossible());
        Place next = retry.next(recovery, held);
        if (next == null) {
            fail(refusal);
            return;
        }
        if (place != null) {
            place.running().decrementAndGet();
        }
        endForwarded = false;
        watcher.retried();
        open(next);
    }

    @Override
    public void onDetached() {
        if (events != null && !done) {
            events.stalled();
        }
    }

    @Override
    public void onResumed() {
        if (events != null) {
            events.goesOn();
        }
    }

    @Override
    public void onBatchEnd() {
        down.flush();
    }

    private void giveCredit() {
        if (unconsumed > 0 && up != null && down.isWritable()) {
            int bytes = unconsumed;
            unconsumed = 0;
            up.consumed(bytes);
        }
    }

    // ---- the end

    /** A bug, or what nobody thought of: this exchange ends with it, and nothing else. */
    private void broken(RuntimeException cause) {
        LOG.warn("exchange {} broken off: {}", request.id(), cause.toString());
        LOG.debug("exchange {} broken off", request.id(), cause);
        end(Refusal.internal());
    }

    /** Ended by somebody who is neither client nor backend. */
    public void end(Refusal refusal) {
        if (!done) {
            fail(refusal);
        }
    }

    private void fail(Refusal refusal) {
        boolean before = headSent;
        boolean between = events != null && events.isBetween();
        finish(refusal, false);
        if (before) {
            down.abort(refusal, between);
        } else {
            down.refuse(refusal);
        }
    }

    private void finish(@Nullable Refusal refusal, boolean clientGone) {
        if (done) {
            return;
        }
        done = true;
        if (events != null) {
            events.goesOn();
        }
        held.close();
        retry.close();
        if (up != null && !(responseEnded && endForwarded)) {
            up.cancel();
        }
        if (place != null) {
            place.running().decrementAndGet();
        }
        watcher.done(refusal, clientGone);
    }
}
