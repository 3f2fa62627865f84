// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands right behind a node's stream and a backend's connection: what they answer is data of strangers. Filters the fields ({@link HopHeaders}), counts
 * the body ({@link BodyLength}) and passes on what fits, so that whoever comes next may frame the answer by what it is told. What makes an announced
 * length whole waits for the end, be it the last piece or, of an answer without a body, the head: a reader that counts never has all of an answer that
 * turns out to be too long.
 *
 * <p>What does not fit, and any exception of those behind, ends the exchange as a failure, once: {@code cancel} for the stream, then
 * {@link Upstream.Response#onFailed}, and one line of the log. Confined to the exchange's loop.
 */
final class CheckedResponse implements Upstream.Response {
    private static final Logger LOG = LoggerFactory.getLogger(CheckedResponse.class);
    private static final int SWITCHING = 101;
    private static final int MAX_INTERIM = 32;

    private final String from;
    private final RequestHead request;
    private final Upstream.Response next;
    private final Runnable cancel;
    private long length = BodyLength.UNKNOWN;
    private long left;
    private @Nullable ByteBuf last;
    private int status;
    private @Nullable HttpHeaders bare;
    private int interim;
    private boolean over;

    /**
     * @param from who answers, for messages: {@code node gpu}
     * @param cancel ends the stream; calls {@link #close}
     */
    CheckedResponse(String from, RequestHead request, Upstream.Response next, Runnable cancel) {
        this.from = from;
        this.request = request;
        this.next = next;
        this.cancel = cancel;
    }

    @Override
    public void onInfo(int status, HttpHeaders headers) {
        try {
            if (status < 100 || status > 199 || status == SWITCHING || ++interim > MAX_INTERIM) {
                throw new MalformedHead("interim response " + status + ", number " + interim
                        + " (expected: 100 to 199 without 101, at most " + MAX_INTERIM + ")");
            }
            // The edge has said 100 itself.
            if (!over && status > 100) {
                next.onInfo(status, HopHeaders.response(status, headers));
            }
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    @Override
    public void onHead(int code, HttpHeaders headers) {
        if (over) {
            return;
        }
        status = code;
        try {
            if (status != SWITCHING && (status < 200 || status > 599)) {
                throw new MalformedHead("status " + status + " (expected: 101, 200 to 599)");
            }
            boolean switched = status == SWITCHING;
            length = BodyLength.of(request.method(), status, headers);
            HttpHeaders passed = HopHeaders.response(status, headers);
            if (switched) {
                checkSwitch(headers);
                length = BodyLength.UNKNOWN;
                passed.set(HopHeaders.UPGRADE, HopHeaders.WEBSOCKET);
            } else if (BodyLength.hasNoLength(status)) {
                passed.remove(HttpHeaderNames.CONTENT_LENGTH);
            }
            left = length;
            if (length == 0) {
                bare = passed;
            } else {
                next.onHead(status, passed);
            }
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    private void checkSwitch(HttpHeaders headers) {
        if (!request.isUpgrade()) {
            throw new MalformedHead("it switched protocols unasked");
        }
        String to = headers.get(HopHeaders.UPGRADE);
        if (!HopHeaders.WEBSOCKET.equalsIgnoreCase(to)) {
            throw new MalformedHead("101 with upgrade " + (to == null ? "missing" : MalformedHead.shown(to))
                    + " (expected: " + HopHeaders.WEBSOCKET + ")");
        }
    }

    @Override
    public void onBody(ByteBuf content) {
        if (over || !content.isReadable()) {
            content.release();
            return;
        }
        try {
            if (length == BodyLength.UNKNOWN) {
                next.onBody(content);
                return;
            }
            left -= content.readableBytes();
            if (left > 0) {
                next.onBody(content);
            } else if (left == 0) {
                last = content;
            } else {
                content.release();
                throw new MalformedHead("more than the " + length + " bytes that its head announced");
            }
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    @Override
    public void onEnd(HttpHeaders trailers) {
        if (over) {
            return;
        }
        try {
            if (left > 0) {
                throw new MalformedHead("ended " + left + " bytes before the " + length + " that its head announced");
            }
            HttpHeaders passed = HopHeaders.responseTrailers(trailers);
            if (bare != null) {
                next.onHead(status, bare);
            }
            ByteBuf whole = last;
            last = null;
            if (whole != null) {
                next.onBody(whole);
            }
            if (!over) {
                next.onEnd(passed);
                over = true;
            }
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    @Override
    public void onFailed(Refusal refusal) {
        close();
        tellFailed(refusal);
    }

    @Override
    public void onWritable() {
        try {
            next.onWritable();
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    @Override
    public void onDetached() {
        try {
            next.onDetached();
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    @Override
    public void onResumed() {
        try {
            next.onResumed();
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    @Override
    public void onBatchEnd() {
        try {
            next.onBatchEnd();
        } catch (RuntimeException e) {
            broken(e);
        }
    }

    private void broken(RuntimeException cause) {
        boolean theirs = cause instanceof MalformedHead;
        String what = theirs ? String.valueOf(cause.getMessage()) : cause.toString();
        LOG.warn("{}: answer broken off: {}", from, what);
        LOG.debug("{}: answer broken off", from, cause);
        cancel.run();
        tellFailed(Refusal.backendFailed(from + ": " + (theirs ? what : "its answer cannot be passed on")));
    }

    private void tellFailed(Refusal refusal) {
        try {
            next.onFailed(refusal);
            next.onBatchEnd();
        } catch (RuntimeException e) {
            LOG.warn("{}: the end of an exchange failed: {}", from, e.toString());
            LOG.debug("{}: the end of an exchange failed", from, e);
        }
    }

    /** Nothing more of it is wanted; gives back what is held. Idempotent. */
    void close() {
        over = true;
        if (last != null) {
            last.release();
            last = null;
        }
    }
}
