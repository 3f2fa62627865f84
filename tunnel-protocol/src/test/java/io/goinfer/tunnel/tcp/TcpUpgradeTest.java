// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.TransportContract.Recorder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Upgrades that are none: each is answered, and its connection ends with the answer. */
class TcpUpgradeTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(
            new HttpServerCodec(),
            new TcpUpgrade(new TcpUpgrade.Options(
                    (chain, remote) -> new NodeAuthority.Decision(Code.NO_ERROR, new Recorder().host()), 16, "t")));

    private String answer(String fields) {
        String head = "GET /.well-known/goinfer/v1 HTTP/1.1\r\nhost: x\r\n" + fields + "\r\n";
        channel.writeInbound(Unpooled.copiedBuffer(head, StandardCharsets.US_ASCII));
        StringBuilder text = new StringBuilder();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            text.append(next.toString(StandardCharsets.US_ASCII));
            next.release();
        }
        channel.finishAndReleaseAll();
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "content-length: 1000000000",
                "content-length: 5\r\ncontent-length: 6",
                "content-length: x",
                "transfer-encoding: chunked",
                "transfer-encoding: x",
                "transfer-encoding: chunked, x",
                "no field"
            })
    void oneWithABodyIsRefusedBeforeTheBodyIsWaitedFor(String framing) {
        String answer = answer("connection: upgrade\r\nupgrade: goinfer-tunnel\r\n" + framing + "\r\n");

        assertThat(answer)
                .startsWith("HTTP/1.1 400 ")
                .contains("goinfer-reason: PROTOCOL", "an upgrade is well-formed and has no body");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void oneWithoutTlsIsRefused() {
        assertThat(answer("connection: upgrade\r\nupgrade: goinfer-tunnel\r\n")).startsWith("HTTP/1.1 426 ");
        assertThat(channel.isOpen()).isFalse();
    }
}
