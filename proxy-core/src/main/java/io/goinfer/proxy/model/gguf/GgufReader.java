// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.gguf;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the key-value part of a GGUF file (versions 2 and 3, little-endian; ggml's docs/gguf.md). Safe against hostile files: nothing is allocated by a
 * length that the file claims, arrays are skipped, and the work is bounded. Blocking.
 */
public final class GgufReader implements AutoCloseable {
    private static final int MAGIC = 0x46554747;
    private static final int BUFFER = 64 << 10;
    private static final long MAX_PAIRS = 10_000;
    private static final long MAX_ELEMENTS = 4_000_000;
    private static final int MAX_KEY = 1 << 10;
    private static final int MAX_TEXT = 1 << 10;
    private static final int MAX_DEPTH = 3;

    /** ggml's llama_ftype. */
    private static final Map<Long, String> FILE_TYPES = Map.ofEntries(
            Map.entry(0L, "F32"),
            Map.entry(1L, "F16"),
            Map.entry(2L, "Q4_0"),
            Map.entry(3L, "Q4_1"),
            Map.entry(7L, "Q8_0"),
            Map.entry(8L, "Q5_0"),
            Map.entry(9L, "Q5_1"),
            Map.entry(10L, "Q2_K"),
            Map.entry(11L, "Q3_K_S"),
            Map.entry(12L, "Q3_K_M"),
            Map.entry(13L, "Q3_K_L"),
            Map.entry(14L, "Q4_K_S"),
            Map.entry(15L, "Q4_K_M"),
            Map.entry(16L, "Q5_K_S"),
            Map.entry(17L, "Q5_K_M"),
            Map.entry(18L, "Q6_K"),
            Map.entry(19L, "IQ2_XXS"),
            Map.entry(20L, "IQ2_XS"),
            Map.entry(21L, "Q2_K_S"),
            Map.entry(22L, "IQ3_XS"),
            Map.entry(23L, "IQ3_XXS"),
            Map.entry(24L, "IQ1_S"),
            Map.entry(25L, "IQ4_NL"),
            Map.entry(26L, "IQ3_S"),
            Map.entry(27L, "IQ3_M"),
            Map.entry(28L, "IQ2_S"),
            Map.entry(29L, "IQ2_M"),
            Map.entry(30L, "IQ4_XS"),
            Map.entry(31L, "IQ1_M"),
            Map.entry(32L, "BF16"),
            Map.entry(36L, "TQ1_0"),
            Map.entry(37L, "TQ2_0"),
            Map.entry(38L, "MXFP4"));

    private final FileChannel file;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    private long position;
    private long elements;

    private GgufReader(FileChannel file) throws IOException {
        this.file = file;
        this.size = file.size();
        buffer.limit(0);
    }

    /** @throws IOException if it is no GGUF file, is cut off, or claims what cannot be */
    public static GgufHeader read(Path path) throws IOException {
        try (GgufReader reader = new GgufReader(FileChannel.open(path, StandardOpenOption.READ))) {
            return reader.header();
        } catch (EOFException e) {
            throw new IOException(path.getFileName() + " ends within its header", e);
        }
    }

    private GgufHeader header() throws IOException {
        if (need(4).getInt() != MAGIC) {
            throw new IOException("not a GGUF file");
        }
        int version = need(4).getInt();
        if (version != 2 && version != 3) {
            throw new IOException("GGUF version " + Integer.toUnsignedString(version) + " (expected: 2 or 3)");
        }
        skip(8);
        long pairs = need(8).getLong();
        if (pairs < 0 || pairs > MAX_PAIRS) {
            throw new IOException(Long.toUnsignedString(pairs) + " keys (expected: at most " + MAX_PAIRS + ")");
        }
        Map<String, Object> values = new HashMap<>();
        for (long i = 0; i < pairs; i++) {
            String key = text(MAX_KEY);
            Object value = value(need(4).getInt(), 0);
            if (key != null && value != null) {
                values.put(key, value);
            }
        }
        return describe(values);
    }

    private static GgufHeader describe(Map<String, Object> values) {
        String architecture = string(values, "general.architecture");
        String prefix = architecture + ".";
        long layers = number(values, prefix + "block_count");
        long heads = number(values, prefix + "attention.head_count");
        long cacheHeads = number(values, prefix + "attention.head_count_kv");
        long width = heads == 0 ? 0 : number(values, prefix + "embedding_length") / heads;
        long keyWidth = orElse(number(values, prefix + "attention.key_length"), width);
        long valueWidth = orElse(number(values, prefix + "attention.value_length"), width);
        long perToken = clamp(layers) * clamp(orElse(cacheHeads, heads)) * (clamp(keyWidth) + clamp(valueWidth)) * 2;
        return new GgufHeader(
                architecture,
                string(values, "general.name"),
                values.get("general.file_type") instanceof Long type ? FILE_TYPES.getOrDefault(type, "") : "",
                Math.max(0, number(values, prefix + "context_length")),
                layers,
                perToken,
                values.containsKey("tokenizer.chat_template"),
                architecture.equals("clip") || string(values, "general.type").equals("mmproj"));
    }

    private static long orElse(long value, long standard) {
        return value == 0 ? standard : value;
    }

    /** Keeps products of what a file claims from overflowing. */
    private static long clamp(long value) {
        return Math.max(0, Math.min(value, 1 << 15));
    }

    private static String string(Map<String, Object> values, String key) {
        return values.get(key) instanceof String text ? text : "";
    }

    private static long number(Map<String, Object> values, String key) {
        return values.get(key) instanceof Long number ? number : 0;
    }

    /** A text or a number; null for what is skipped. An array of numbers counts as its first. */
    private @Nullable Object value(int type, int depth) throws IOException {
        return switch (type) {
            case 0, 1, 7 -> (long) need(1).get();
            case 2, 3 -> (long) need(2).getShort();
            case 4 -> Integer.toUnsignedLong(need(4).getInt());
            case 5 -> (long) need(4).getInt();
            case 10, 11 -> need(8).getLong();
            case 6 -> skipped(4);
            case 12 -> skipped(8);
            case 8 -> {
                String text = text(MAX_TEXT);
                // Too long to be kept, but it is there.
                yield text == null ? "" : text;
            }
            case 9 -> array(depth);
            default -> throw new IOException("value type " + Integer.toUnsignedString(type));
        };
    }

    private @Nullable Object array(int depth) throws IOException {
        int type = need(4).getInt();
        long count = need(8).getLong();
        elements += Math.max(0, count);
        if (count < 0 || elements > MAX_ELEMENTS || depth >= MAX_DEPTH) {
            throw new IOException("array of " + Long.toUnsignedString(count));
        }
        int width = switch (type) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            case 10, 11, 12 -> 8;
            default -> 0;
        };
        if (width > 0) {
            Object first = count > 0 ? value(type, depth) : null;
            skip(Math.max(0, count - 1) * width);
            return first;
        }
        for (long i = 0; i < count; i++) {
            value(type, depth + 1);
        }
        return null;
    }

    private @Nullable Object skipped(long bytes) throws IOException {
        skip(bytes);
        return null;
    }

    /** Null: longer than wanted, skipped. */
    private @Nullable String text(int max) throws IOException {
        long length = need(8).getLong();
        if (length < 0 || length > size - at()) {
            throw new EOFException();
        }
        if (length > max) {
            skip(length);
            return null;
        }
        byte[] bytes = new byte[(int) length];
        need(bytes.length).get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private long at() {
        return position - buffer.remaining();
    }

    /** The buffer with at least this many bytes to read. */
    private ByteBuffer need(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            buffer.compact();
            while (buffer.position() < bytes) {
                int got = file.read(buffer, position);
                if (got <= 0) {
                    throw new EOFException();
                }
                position += got;
            }
            buffer.flip();
        }
        return buffer;
    }

    private void skip(long bytes) throws IOException {
        if (bytes > size - at()) {
            throw new EOFException();
        }
        if (bytes <= buffer.remaining()) {
            buffer.position(buffer.position() + (int) bytes);
        } else {
            position = at() + bytes;
            buffer.position(0).limit(0);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
