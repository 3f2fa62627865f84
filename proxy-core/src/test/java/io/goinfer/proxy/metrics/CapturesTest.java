// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CapturesTest {
    private static final String PATH = "/v1/chat/completions";

    private final Captures captures = new Captures(10_000, Runnable::run);

    private final Random random = new Random(1);

    /** That no deflater makes smaller. */
    private ByteBuf bytes(int size) {
        byte[] random = new byte[size];
        this.random.nextBytes(random);
        return Unpooled.wrappedBuffer(random);
    }

    private Captures.Capture record(String path, int status, int requestSize, int responseSize) {
        Recording recording = captures.begin(path);
        recording.request(bytes(requestSize));
        recording.response(bytes(responseSize));
        return recording.end(
                status,
                new DefaultHttpHeaders().add("Authorization", "Bearer k").add("X-A", "b"),
                new DefaultHttpHeaders().add("set-cookie", "c"));
    }

    private boolean has(long id) {
        return captures.find(id).toCompletableFuture().join().isPresent();
    }

    @Test
    void whatWasKeptComesBackWithoutItsSecrets() {
        Recording recording = captures.begin(PATH);
        recording.request(Unpooled.copiedBuffer("que", StandardCharsets.UTF_8));
        recording.request(Unpooled.copiedBuffer("stion", StandardCharsets.UTF_8));
        recording.response(Unpooled.copiedBuffer("answer", StandardCharsets.UTF_8));
        captures.keep(
                7,
                recording.end(
                        200,
                        new DefaultHttpHeaders()
                                .add("Authorization", "Bearer k")
                                .add("X-A", "b"),
                        new DefaultHttpHeaders().add("set-cookie", "c")));

        Captures.Capture found = captures.find(7).toCompletableFuture().join().orElseThrow();
        assertThat(found.path()).isEqualTo(PATH);
        assertThat(found.requestHeaders())
                .containsEntry("Authorization", "[REDACTED]")
                .containsEntry("X-A", "b");
        assertThat(found.responseHeaders()).containsEntry("set-cookie", "[REDACTED]");
        assertThat(found.request()).asString().isEqualTo("question");
        assertThat(found.response()).asString().isEqualTo("answer");
        assertThat(has(8)).isFalse();
    }

    @Test
    void theOldestGoes() {
        for (int id = 1; id <= 4; id++) {
            captures.keep(id, record(PATH, 200, 1_500, 1_500));
        }
        assertThat(has(1)).isFalse();
        assertThat(has(2)).isTrue();
        assertThat(has(4)).isTrue();
    }

    @Test
    void whatIsRecordedTogetherIsBounded() {
        Recording first = captures.begin(PATH);
        first.request(bytes(6_000));
        Recording second = captures.begin(PATH);
        second.request(bytes(6_000));
        second.response(bytes(10));
        assertThat(second.end(200, new DefaultHttpHeaders(), new DefaultHttpHeaders()))
                .isNull();
        captures.keep(1, first.end(200, new DefaultHttpHeaders(), new DefaultHttpHeaders()));
        assertThat(record(PATH, 200, 9_000, 900)).as("all is given back").isNotNull();
    }

    @Test
    void whatWaitsToBePackedStillCounts() {
        Queue<Runnable> worker = new ArrayDeque<>();
        Captures slow = new Captures(10_000, worker::add);
        int kept = 0;
        for (int id = 0; id < 100; id++) {
            Recording recording = slow.begin(PATH);
            recording.request(bytes(3_000));
            Captures.Capture capture = recording.end(200, new DefaultHttpHeaders(), new DefaultHttpHeaders());
            if (capture != null) {
                slow.keep(id, capture);
                kept++;
            }
        }
        assertThat(kept).isEqualTo(3);
        worker.forEach(Runnable::run);
        Recording recording = slow.begin(PATH);
        recording.request(bytes(9_000));
        assertThat(recording.end(200, new DefaultHttpHeaders(), new DefaultHttpHeaders()))
                .isNotNull();
    }

    @Test
    void soundPicturesAndFailedAnswersAreLeftOut() {
        assertThat(record("/v1/audio/speech", 200, 10, 20).response()).isEmpty();
        assertThat(record("/v1/audio/transcriptions", 200, 10, 20).request()).isEmpty();
        assertThat(record("/v1/images/edits", 200, 100_000, 100_000).request()).isEmpty();
        assertThat(record(PATH, 500, 10, 20).response()).isEmpty();
        assertThat(record(PATH, 500, 10, 20).request()).hasSize(10);
    }

    @Test
    void withoutABufferNothingIsRecorded() {
        assertThat(new Captures(0, Runnable::run).begin(PATH)).isNull();
    }
}
