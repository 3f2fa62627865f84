// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.frame.Id;
import java.nio.charset.StandardCharsets;

/** HELLO, to be changed where it shall lie. */
public final class Greeting {
    public int min = 1;
    public int max = 1;
    public long features;
    public Id instance;
    public long epoch;
    public int lane;
    public long number = 1;
    public long streams = 1_024;
    public long floor = 4_096;
    public byte[] name = "liar".getBytes(StandardCharsets.UTF_8);
    public byte[] software = "scripted/test".getBytes(StandardCharsets.UTF_8);

    public Greeting(Id instance, long epoch) {
        this.instance = instance;
        this.epoch = epoch;
    }

    public Bytes payload() {
        return Bytes.of()
                .u8(min)
                .u8(max)
                .u64(features)
                .id(instance)
                .u64(epoch)
                .u8(lane)
                .u32(number)
                .u32(streams)
                .u32(floor)
                .string(name)
                .string(software);
    }

    public RawFrame frame() {
        return RawFrame.of(FrameType.HELLO, 0, payload());
    }
}
