// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufReaderTest {
    @TempDir
    Path folder;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private void number(long value, int width) {
        ByteBuffer buffer =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        bytes.write(buffer.array(), 0, width);
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(utf8.length, 8);
        bytes.writeBytes(utf8);
    }

    private void head(long pairs) {
        number(0x46554747, 4);
        number(3, 4);
        number(0, 8);
        number(pairs, 8);
    }

    private void u32(String key, long value) {
        text(key);
        number(4, 4);
        number(value, 4);
    }

    private void string(String key, String value) {
        text(key);
        number(8, 4);
        text(value);
    }

    private Path file() throws IOException {
        return Files.write(folder.resolve("m.gguf"), bytes.toByteArray());
    }

    private byte[] whole() {
        head(11);
        string("general.architecture", "llama");
        string("general.name", "Test");
        u32("general.file_type", 15);
        text("tokenizer.ggml.tokens");
        number(9, 4);
        number(8, 4);
        number(20_000, 8);
        for (int i = 0; i < 20_000; i++) {
            text("token" + i);
        }
        text("tokenizer.ggml.scores");
        number(9, 4);
        number(6, 4);
        number(20_000, 8);
        bytes.writeBytes(new byte[80_000]);
        string("tokenizer.chat_template", "{{x}}".repeat(1_000));
        u32("llama.context_length", 32_768);
        u32("llama.block_count", 32);
        u32("llama.embedding_length", 4_096);
        u32("llama.attention.head_count", 32);
        u32("llama.attention.head_count_kv", 8);
        return bytes.toByteArray();
    }

    @Test
    void readsWhatListsShow() throws IOException {
        whole();

        GgufHeader header = GgufReader.read(file());

        // 32 layers × 8 heads × (128 + 128) × 2 bytes.
        assertThat(header).isEqualTo(new GgufHeader("llama", "Test", "Q4_K_M", 32_768, 32, 131_072, true, false));
    }

    @Test
    void aFileThatEndsAnywhereIsRefused() throws IOException {
        byte[] all = whole();
        for (int length : new int[] {0, 3, 10, 23, 24, 40, 60, 100, 5_000, 300_000, all.length - 1}) {
            Path cut = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(all, length));
            assertThatThrownBy(() -> GgufReader.read(cut))
                    .as("cut at " + length)
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void lengthsThatCannotBeCostNothing() throws IOException {
        head(1);
        number(Long.MAX_VALUE, 8);
        Path key = file();
        assertThatThrownBy(() -> GgufReader.read(key)).isInstanceOf(IOException.class);

        bytes.reset();
        head(Long.MAX_VALUE);
        Path pairs = file();
        assertThatThrownBy(() -> GgufReader.read(pairs)).hasMessageContaining("keys");

        bytes.reset();
        head(1);
        text("a");
        number(9, 4);
        number(8, 4);
        number(1L << 40, 8);
        Path array = file();
        assertThatThrownBy(() -> GgufReader.read(array)).hasMessageContaining("array of");

        bytes.reset();
        head(1);
        text("a");
        for (int i = 0; i < 100; i++) {
            number(9, 4);
            number(9, 4);
            number(1, 8);
        }
        Path nested = file();
        assertThatThrownBy(() -> GgufReader.read(nested)).isInstanceOf(IOException.class);
    }

    @Test
    void noiseIsRefusedInTime() throws IOException {
        byte[] all = whole();
        Random random = new Random(1);
        for (int i = 0; i < 2_000; i++) {
            byte[] damaged = Arrays.copyOf(all, 2_000);
            for (int j = 0; j < 8; j++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            Path file = Files.write(folder.resolve("noise.gguf"), damaged);
            assertThatThrownBy(() -> GgufReader.read(file)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void otherFilesAreNoModels() throws IOException {
        bytes.writeBytes("not a model at all, but long enough".getBytes(StandardCharsets.UTF_8));
        Path file = file();
        assertThatThrownBy(() -> GgufReader.read(file)).hasMessage("not a GGUF file");
    }
}
