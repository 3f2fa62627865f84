// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MultipartScannerTest {
    private static final String FILE = "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
            + "Content-Type: audio/wav\r\n\r\n\r\n--b0 name=\"model\" \r\r\n-\r\n--b\r\n";
    private static final String MODEL = "--b1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n";
    private static final String END = "--b1--\r\n";

    /** In pieces of every size: what comes in one read must not matter. */
    private static MultipartScanner scan(String body, int piece) {
        MultipartScanner scanner = MultipartScanner.of("multipart/form-data; boundary=b1");
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < bytes.length; at += piece) {
            assertThat(scanner.read(Unpooled.wrappedBuffer(bytes, at, Math.min(piece, bytes.length - at))))
                    .isTrue();
        }
        assertThat(scanner.end()).isTrue();
        return scanner;
    }

    @Test
    void theFieldIsFoundBeforeAndBehindAFile() {
        for (String body : new String[] {MODEL + FILE + END, FILE + MODEL + END}) {
            for (int piece = 1; piece < body.length(); piece++) {
                MultipartScanner scanner = scan(body, piece);
                assertThat(scanner.model()).isEqualTo("whisper");
                assertThat(body.substring((int) scanner.modelStart(), (int) scanner.modelEnd()))
                        .isEqualTo("whisper");
            }
        }
    }

    @Test
    void otherFieldsAndFilesOfThatNameAreNoModel() {
        assertThat(scan(FILE + END, 7).modelSeen()).isFalse();
        assertThat(scan(MODEL.replace("name=\"model\"", "name=\"model\"; filename=\"x\"") + END, 7)
                        .modelSeen())
                .isFalse();
        assertThat(scan(MODEL.replace("model", "my-model") + END, 7).modelSeen())
                .isFalse();
        assertThat(scan(MODEL.replace("whisper", "") + END, 7).model()).isNull();
    }

    @Test
    void brokenAndEndlessPartsEndTheSearch() {
        assertThat(scan("no multipart at all", 3).modelSeen()).isFalse();
        assertThat(scan("--b1\r\nX: " + "y".repeat(20_000) + "\r\n\r\n" + MODEL, 1_000)
                        .modelSeen())
                .isFalse();
        assertThat(scan(MODEL.replace("whisper", "w".repeat(5_000)) + END, 1_000)
                        .modelSeen())
                .isFalse();
        assertThat(scan(MODEL.substring(0, MODEL.length() - 4), 3).modelSeen()).isFalse();
    }

    /** What a look at all that came so far would cost at each byte: gigabytes of copies. */
    @Test
    void aBodyOfLongHeadsIsReadOnce() {
        String part = "--b1\r\nX: " + "y".repeat(8_000) + "\r\n\r\n\r\n";
        MultipartScanner scanner = MultipartScanner.of("multipart/form-data; boundary=b1");
        ByteBuf body = Unpooled.copiedBuffer(part.repeat(128), StandardCharsets.UTF_8);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        long before = threads.getCurrentThreadAllocatedBytes();
        scanner.read(body);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(allocated).isLessThan(4L * body.readableBytes());
    }

    @Test
    void theNameStandsInAParameterOfItsOwn() {
        assertThat(dispositions(
                        "form-data; name=model", "form-data ;NAME=\"model\"", "form-data; x=\"a;b\"; name=model"))
                .containsOnly("whisper");
        assertThat(dispositions(
                        "form-data; name=\"a; name=model\"",
                        "form-data; name=\"a\\\"; name=model; \"",
                        "attachment; name=model",
                        "form-data; filename*=UTF-8''x; name=model",
                        "form-data; name",
                        "form-data",
                        ""))
                .containsOnlyNulls();
    }

    private static List<String> dispositions(String... values) {
        return Arrays.stream(values)
                .map(value -> "--b1\r\nContent-Disposition: " + value + "\r\n\r\nwhisper\r\n" + END)
                .map(body -> scan(body, 11).model())
                .collect(Collectors.toList());
    }

    @Test
    void onlyFormsWithABoundaryAreLookedInto() {
        assertThat(MultipartScanner.of("multipart/mixed; boundary=x")).isNull();
        assertThat(MultipartScanner.of("multipart/form-data")).isNull();
        assertThat(MultipartScanner.of("Multipart/Form-Data; charset=utf-8; Boundary=\"x y\""))
                .isNotNull();
    }
}
