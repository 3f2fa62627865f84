// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 9, 10, 15, 16, 255, 256, 1_000, Chunk.MOST})
    void aDecoderReadsIt(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) i;
        }
        ByteBuf content = Unpooled.directBuffer().writeBytes(bytes);
        EmbeddedChannel decoder = new EmbeddedChannel(new HttpResponseDecoder());
        decoder.writeInbound(Unpooled.copiedBuffer(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", StandardCharsets.US_ASCII));
        assertThat((Object) decoder.readInbound()).isInstanceOf(HttpResponse.class);

        decoder.writeInbound(Chunk.of(content));

        HttpContent read = decoder.readInbound();
        assertThat(ByteBufUtil.getBytes(read.content())).isEqualTo(bytes);
        read.release();
        assertThat(content.refCnt()).isZero();
        assertThat(decoder.finishAndReleaseAll()).isFalse();
    }
}
