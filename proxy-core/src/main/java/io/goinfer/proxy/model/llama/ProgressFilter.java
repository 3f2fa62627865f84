// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.upstream.Upstream.Response;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.function.IntConsumer;

/**
 * Takes the events of {@code return_progress} out of a stream that did not ask for them: they come before the first token, so everything behind the
 * first other event passes untouched.
 */
final class ProgressFilter extends ResponseFilter {
    private static final byte[] MARK = "\"prompt_progress\":".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CREATED = "response.created".getBytes(StandardCharsets.US_ASCII);

    private final SseReader events = new SseReader();
    private boolean passing = true;

    ProgressFilter(Response next, IntConsumer consumed) {
        super(next, consumed);
    }

    @Override
    public void onHead(int status, HttpHeaders headers) {
        String type = headers.get("content-type");
        passing = status != 200 || type == null || !type.startsWith("text/event-stream");
        next.onHead(status, headers);
    }

    @Override
    public void onBody(ByteBuf content) {
        if (passing) {
            next.onBody(content);
            return;
        }
        int size = content.readableBytes();
        int[] passed = {0};
        events.read(content, event -> {
            boolean progress = !passing && contains(event, MARK);
            // What the Responses API starts with says nothing of tokens yet.
            passing |= !progress && !contains(event, CREATED);
            if (!progress) {
                passed[0] += event.readableBytes();
                next.onBody(event.copy());
            }
        });
        passing |= events.isTooLong();
        ByteBuf rest = events.rest();
        if (passing && rest != null) {
            passed[0] += rest.readableBytes();
            next.onBody(rest.copy());
            events.close();
        }
        content.release();
        if (size > passed[0]) {
            consumed.accept(size - passed[0]);
        }
    }

    @Override
    public void onEnd(HttpHeaders trailers) {
        ByteBuf rest = events.rest();
        if (rest != null) {
            next.onBody(rest.copy());
        }
        super.onEnd(trailers);
    }

    private static boolean contains(ByteBuf in, byte[] what) {
        int last = in.writerIndex() - what.length;
        for (int at = in.indexOf(in.readerIndex(), in.writerIndex(), what[0]);
                at >= 0 && at <= last;
                at = in.indexOf(at + 1, in.writerIndex(), what[0])) {
            int i = 1;
            while (i < what.length && in.getByte(at + i) == what[i]) {
                i++;
            }
            if (i == what.length) {
                return true;
            }
        }
        return false;
    }

    @Override
    void close() {
        events.close();
    }
}
