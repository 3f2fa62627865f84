// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The hex examples of docs/PROTOCOL.md: the document cannot lie. */
class FrameVectorsTest {
    private static final Pattern EXAMPLE = Pattern.compile("```hex (\\w+)\\n(.*?)```", Pattern.DOTALL);

    static Map<String, byte[]> examples() throws IOException {
        String document = Files.readString(Path.of("../docs/PROTOCOL.md"));
        Map<String, byte[]> examples = new TreeMap<>();
        Matcher matcher = EXAMPLE.matcher(document);
        while (matcher.find()) {
            examples.put(
                    matcher.group(1), HexFormat.of().parseHex(matcher.group(2).replaceAll("\\s", "")));
        }
        return examples;
    }

    @Test
    void everyFrameTypeHasAnExampleThatDecodesAndEncodesToTheSameBytes() throws IOException {
        Map<String, byte[]> examples = examples();

        for (FrameType type : FrameType.values()) {
            byte[] bytes = examples.get(type.name());
            assertThat(bytes).as("example of " + type).isNotNull();
            List<Frame> frames = new ArrayList<>();
            try (FrameDecoder decoder = new FrameDecoder(type.scope(), ByteBufAllocator.DEFAULT)) {
                decoder.read(Unpooled.copiedBuffer(bytes), frames::add);
            }
            assertThat(frames).as("frames in the example of " + type).hasSize(1);
            assertThat(frames.get(0).type()).isEqualTo(type);
            ByteBuf encoded = FrameEncoder.encode(frames.get(0), ByteBufAllocator.DEFAULT);
            assertThat(ByteBufUtil.getBytes(encoded)).as("encoded " + type).isEqualTo(bytes);
            encoded.release();
        }
        assertThat(examples).hasSameSizeAs(FrameType.values());
    }
}
