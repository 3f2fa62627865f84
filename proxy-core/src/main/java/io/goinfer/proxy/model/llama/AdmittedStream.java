// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.config.swap.SwapConfig.Filters;
import io.goinfer.proxy.json.JsonEdit;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.model.Admission;
import io.goinfer.proxy.model.Admission.Grant;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.upstream.HttpUpstream;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream.Response;
import io.goinfer.proxy.upstream.Upstream.Stream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way to a server that has to make room first. A JSON body is collected, for its weight and for what the node changes in it; anything
 * else waits with the client. Confined to the exchange's loop but for what {@link Admission.Waiting} brings.
 */
final class AdmittedStream implements Stream, Admission.Waiting, Response {
    private static final Logger LOG = LoggerFactory.getLogger(AdmittedStream.class);

    /** Largest JSON request that is looked into; a larger one passes as it is. */
    static final int MAX_COLLECTED = 32 << 20;

    private final RequestHead head;
    private final EventLoop loop;
    private final Response response;
    private final ByteBudget budget;
    private final Admission.Ticket ticket;
    private boolean collecting;
    private @Nullable ByteBuf collected;
    private @Nullable JsonEdit json;
    private long reserved;
    private @Nullable Grant granted;
    private @Nullable Stream inner;
    private @Nullable ResponseFilter filter;
    private @Nullable Future<?> deadline;
    private HttpHeaders trailers = EmptyHttpHeaders.INSTANCE;
    private boolean ended;
    private boolean over;

    AdmittedStream(
            RequestHead head, String model, EventLoop loop, Response response, Admission admission, ByteBudget budget) {
        this.head = head;
        this.loop = loop;
        this.response = response;
        this.budget = budget;
        this.collecting = isJson(head);
        boolean inference = LlamaPaths.takesSlot(head.method(), head.path());
        this.ticket = admission.enter(
                new Admission.Asked(
                        model,
                        inference,
                        LlamaPaths.isInfer(head.path()),
                        head.isUpgrade(),
                        head.isDirect() ? LlamaPaths.withoutQuery(head.path()) : "",
                        head.onlyIfLoaded()),
                this);
        if (!collecting) {
            ticket.weigh(1);
        }
    }

    private static boolean isJson(RequestHead head) {
        String type = head.headers().get("content-type");
        boolean other = type != null
                && (type.startsWith("multipart/")
                        || type.startsWith("audio/")
                        || type.startsWith("image/")
                        || type.startsWith("application/octet-stream"));
        return head.hasBody() && head.method().equals("POST") && !other;
    }

    // ---- from the queue, on any thread

    @Override
    public void granted(Grant grant) {
        loop.execute(() -> {
            if (!over) {
                granted = grant;
                try {
                    proceed();
                } catch (RuntimeException e) {
                    // Nobody else sees it here, and somebody waits.
                    LOG.warn("a request to {} broken off: {}", grant.target(), e.toString());
                    LOG.debug("a request to {} broken off", grant.target(), e);
                    fail(Refusal.internal());
                }
            }
        });
    }

    @Override
    public void refused(Refusal refusal) {
        loop.execute(() -> fail(refusal));
    }

    // ---- the request

    @Override
    public void body(ByteBuf content) {
        Stream open = inner;
        if (open != null) {
            open.body(content);
        } else if (over) {
            content.release();
        } else {
            collect(content);
        }
    }

    private void collect(ByteBuf content) {
        int size = content.readableBytes();
        if (!budget.reserve(size)) {
            content.release();
            fail(Refusal.overloaded("too many large requests wait for models"));
            return;
        }
        reserved += size;
        collected = collected == null ? Unpooled.buffer(Math.max(1024, size)) : collected;
        collected.writeBytes(content);
        content.release();
        if (collecting && collected.readableBytes() > MAX_COLLECTED) {
            // Too large to be looked into: from here on it waits with the client.
            collecting = false;
            ticket.weigh(1);
            proceed();
        }
    }

    @Override
    public void end(HttpHeaders last) {
        if (ended || over) {
            return;
        }
        ended = true;
        trailers = last;
        if (inner != null) {
            inner.end(last);
        } else {
            if (collecting) {
                weigh();
            }
            proceed();
        }
    }

    private void weigh() {
        json = object();
        JsonEdit body = json;
        ticket.weigh(body == null ? 1 : Weight.of(head.path(), body));
        String keep = body == null ? null : body.raw("keep_alive");
        Duration time = keep == null ? null : KeepAlive.parse(keep);
        if (time != null) {
            ticket.keepAlive(time);
        }
    }

    private @Nullable JsonEdit object() {
        ByteBuf collectedSoFar = collected;
        if (collectedSoFar == null) {
            return null;
        }
        byte[] bytes = ByteBufUtil.getBytes(collectedSoFar);
        if (head.isDirect() && !JsonTree.isObject(bytes)) {
            // Nobody has looked into it yet; what it is, its server may say.
            return null;
        }
        try {
            return new JsonEdit(bytes);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Opens the way once there is room and, where it is looked into, the whole body. */
    private void proceed() {
        Grant grant = granted;
        if (grant == null || over || inner != null || collecting && !ended) {
            return;
        }
        JsonEdit body = json;
        Filters filters = head.isDirect() ? Filters.NONE : grant.filters();
        if (LlamaPaths.isInfer(head.path())) {
            String problem =
                    body == null ? "expected a JSON object" : Infer.of(body).problem();
            if (problem != null) {
                fail(Refusal.invalid("invalid_parameter", problem));
                return;
            }
        }
        if (body == null) {
            if (!filters.isEmpty() && collecting) {
                fail(Refusal.invalid("invalid_json", "the model's filters need a JSON object"));
                return;
            }
            open(grant, head, null);
            return;
        }
        String bad = RequestFilters.apply(body, filters, grant.requested());
        if (bad != null) {
            fail(new Refusal(500, "server_error", "internal_error", bad, 0));
            return;
        }
        RequestPlan plan = RequestPlan.of(head.path(), body, grant.llama());
        HttpHeaders headers = head.headers().copy();
        headers.remove("transfer-encoding");
        headers.set("content-length", Integer.toString(plan.body().length));
        open(grant, head.with(headers).at(plan.path()), plan);
    }

    private void open(Grant grant, RequestHead request, @Nullable RequestPlan plan) {
        filter = plan == null
                ? null
                : plan.filter(this, bytes -> {
                    if (inner != null) {
                        inner.consumed(bytes);
                    }
                });
        Infer infer = plan == null ? null : plan.infer();
        if (infer != null && infer.timeoutSeconds() > 0) {
            deadline = loop.schedule(
                    () -> fail(new Refusal(408, "timeout_error", "timeout", "the request's timeout is over", 0)),
                    infer.timeoutSeconds(),
                    TimeUnit.SECONDS);
        }
        Stream stream = new HttpUpstream(grant.target()).open(request, "", loop, filter == null ? this : filter);
        inner = stream;
        ByteBuf bytes = collected;
        collected = null;
        json = null;
        if (plan != null) {
            release(bytes);
            stream.body(Unpooled.wrappedBuffer(plan.body()));
        } else if (bytes != null) {
            stream.body(bytes);
        }
        giveBack();
        if (ended) {
            stream.end(trailers);
        }
        stream.flush();
        if (!ended) {
            response.onWritable();
        }
    }

    @Override
    public void flush() {
        if (inner != null) {
            inner.flush();
        }
    }

    @Override
    public boolean isWritable() {
        return inner == null ? collecting && !over : inner.isWritable();
    }

    @Override
    public boolean isWaiting() {
        return inner == null;
    }

    @Override
    public void consumed(int bytes) {
        if (filter != null) {
            filter.onConsumed(bytes);
        } else if (inner != null) {
            inner.consumed(bytes);
        }
    }

    @Override
    public void cancel() {
        Stream open = inner;
        finish();
        if (open != null) {
            open.cancel();
        }
    }

    private void fail(Refusal refusal) {
        if (!over) {
            cancel();
            response.onFailed(refusal);
            response.onBatchEnd();
        }
    }

    private void finish() {
        if (over) {
            return;
        }
        over = true;
        ticket.leave();
        release(collected);
        collected = null;
        giveBack();
        if (filter != null) {
            filter.close();
        }
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    private void giveBack() {
        budget.release(reserved);
        reserved = 0;
    }

    private static void release(@Nullable ByteBuf buffer) {
        if (buffer != null) {
            buffer.release();
        }
    }

    // ---- the response

    @Override
    public void onInfo(int status, HttpHeaders headers) {
        response.onInfo(status, headers);
    }

    @Override
    public void onHead(int status, HttpHeaders headers) {
        response.onHead(status, headers);
    }

    @Override
    public void onBody(ByteBuf content) {
        response.onBody(content);
    }

    @Override
    public void onEnd(HttpHeaders trailers) {
        finish();
        response.onEnd(trailers);
    }

    @Override
    public void onFailed(Refusal refusal) {
        finish();
        response.onFailed(refusal);
    }

    @Override
    public void onWritable() {
        response.onWritable();
    }

    @Override
    public void onBatchEnd() {
        response.onBatchEnd();
    }
}
