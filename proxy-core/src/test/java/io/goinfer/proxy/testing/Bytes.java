// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import io.goinfer.tunnel.frame.Id;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The fields of a payload, one behind the other, big-endian (PROTOCOL.md §4). Nothing is checked: numbers are cut to their width. */
public final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public static Bytes of() {
        return new Bytes();
    }

    public static Bytes of(String text) {
        return of().raw(text.getBytes(StandardCharsets.UTF_8));
    }

    public Bytes u8(long value) {
        return integer(value, 1);
    }

    public Bytes u16(long value) {
        return integer(value, 2);
    }

    public Bytes u24(long value) {
        return integer(value, 3);
    }

    public Bytes u32(long value) {
        return integer(value, 4);
    }

    public Bytes u64(long value) {
        return integer(value, 8);
    }

    private Bytes integer(long value, int width) {
        for (int i = width - 1; i >= 0; i--) {
            out.write((int) (value >>> 8 * i));
        }
        return this;
    }

    public Bytes id(Id id) {
        return u64(id.high()).u64(id.low());
    }

    public Bytes string(String text) {
        return string(text.getBytes(StandardCharsets.UTF_8));
    }

    public Bytes string(byte[] text) {
        return u16(text.length).raw(text);
    }

    public Bytes raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    public Bytes raw(int... bytes) {
        for (int one : bytes) {
            out.write(one);
        }
        return this;
    }

    public byte[] array() {
        return out.toByteArray();
    }
}
