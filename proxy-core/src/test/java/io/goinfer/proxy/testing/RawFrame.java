// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.frame.Id;

/**
 * A frame of which every part may be wrong.
 *
 * @param type may be no type at all
 * @param length what the header says, whatever the payload has
 */
public record RawFrame(int type, int flags, int length, byte[] payload) {
    public static RawFrame of(int type, int flags, Bytes payload) {
        byte[] bytes = payload.array();
        return new RawFrame(type, flags, bytes.length, bytes);
    }

    public static RawFrame of(FrameType type, int flags, Bytes payload) {
        return of(type.number(), flags, payload);
    }

    public RawFrame flags(int other) {
        return new RawFrame(type, other, length, payload);
    }

    public RawFrame end() {
        return flags(flags | Frame.END);
    }

    public RawFrame claiming(int otherLength) {
        return new RawFrame(type, flags, otherLength, payload);
    }

    /** Names and values in turn. */
    public static Bytes fields(String... namesAndValues) {
        Bytes bytes = Bytes.of().u16(namesAndValues.length / 2);
        for (String text : namesAndValues) {
            bytes.string(text);
        }
        return bytes;
    }

    public static RawFrame response(int status, String... fields) {
        return of(
                FrameType.RESPONSE, 0, Bytes.of().u16(status).raw(fields(fields).array()));
    }

    public static RawFrame info(int status, String... fields) {
        return of(FrameType.INFO, 0, Bytes.of().u16(status).raw(fields(fields).array()));
    }

    public static RawFrame data(String text) {
        return of(FrameType.DATA, 0, Bytes.of(text));
    }

    /** Body bytes, all the same. */
    public static RawFrame data(int size) {
        return of(FrameType.DATA, 0, Bytes.of("x".repeat(size)));
    }

    public static RawFrame trailers(String... fields) {
        return of(FrameType.TRAILERS, Frame.END, fields(fields));
    }

    public static RawFrame credit(long consumed, long limit) {
        return of(FrameType.CREDIT, 0, Bytes.of().u64(consumed).u64(limit));
    }

    public static RawFrame reset(long code, String reason) {
        return of(FrameType.RESET, 0, Bytes.of().u32(code).string(reason));
    }

    public static RawFrame resetExchange(Id exchange, long code, String reason) {
        return of(FrameType.RESET_EXCHANGE, 0, Bytes.of().id(exchange).u32(code).string(reason));
    }

    public static RawFrame ping(long sequence, int verdict) {
        return of(FrameType.PING, 0, Bytes.of().u64(sequence).u8(verdict));
    }

    public static RawFrame pong(long sequence, int verdict) {
        return of(FrameType.PONG, 0, Bytes.of().u64(sequence).u8(verdict));
    }

    public static RawFrame goAway(long code, long drainMillis, String reason) {
        return of(FrameType.GOAWAY, 0, Bytes.of().u32(code).u32(drainMillis).string(reason));
    }

    public static RawFrame models(String json) {
        return of(FrameType.MODELS, 0, Bytes.of(json));
    }

    public static RawFrame load(String json) {
        return of(FrameType.LOAD, 0, Bytes.of(json));
    }

    /** One entry of RESUME_OK. */
    public static Bytes answer(Id exchange, int verdict, int state, long code, long received, long limit) {
        return Bytes.of()
                .id(exchange)
                .u8(verdict)
                .u8(state)
                .u32(code)
                .u64(received)
                .u64(limit);
    }

    public static RawFrame resumeOk(long order, Bytes... answers) {
        Bytes bytes = Bytes.of().u64(order).u16(answers.length);
        for (Bytes answer : answers) {
            bytes.raw(answer.array());
        }
        return of(FrameType.RESUME_OK, 0, bytes);
    }
}
