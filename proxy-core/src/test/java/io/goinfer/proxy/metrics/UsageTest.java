// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The vectors of llama-swap's metrics. */
class UsageTest {
    private static Usage json(String text) {
        return Usage.read(text.getBytes(StandardCharsets.UTF_8), false);
    }

    private static Usage stream(String text) {
        return Usage.read(text.getBytes(StandardCharsets.UTF_8), true);
    }

    @Test
    void openAisUsage() {
        Usage usage = json(
                "{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":4}}}");
        assertThat(usage.inputTokens()).isEqualTo(12);
        assertThat(usage.outputTokens()).isEqualTo(7);
        assertThat(usage.cacheTokens()).isEqualTo(4);
        assertThat(usage.tokensPerSecond()).isEqualTo(-1);
    }

    @Test
    void llamasTimingsCountMore() {
        Usage usage = stream("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1},"
                + "\"timings\":{\"prompt_n\":20,\"predicted_n\":50,\"cache_n\":8,\"prompt_ms\":200,\"predicted_ms\":1250,"
                + "\"predicted_per_second\":40.0}}\n\ndata: [DONE]\n\n");
        assertThat(usage.inputTokens()).isEqualTo(20);
        assertThat(usage.outputTokens()).isEqualTo(50);
        assertThat(usage.cacheTokens()).isEqualTo(8);
        assertThat(usage.tokensPerSecond()).isEqualTo(40);
        assertThat(usage.millis()).isEqualTo(1450);
        assertThat(usage.draftTokens()).isEqualTo(-1);
    }

    @Test
    void anthropicsAndTheResponsesApis() {
        Usage messages = stream(
                "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":21}}}\n\n"
                        + "event: message_delta\ndata: {\"usage\":{\"output_tokens\":3}}\n\n");
        assertThat(messages.inputTokens()).isEqualTo(5);
        assertThat(messages.outputTokens()).isEqualTo(3);
        assertThat(messages.cacheTokens()).isEqualTo(21);
        Usage responses = stream(
                "data: {\"response\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":6,\"input_tokens_details\":{\"cached_tokens\":2}}}}\n\n");
        assertThat(responses.inputTokens()).isEqualTo(25);
        assertThat(responses.cacheTokens()).isEqualTo(2);
    }

    @Test
    void vllmsMetrics() {
        Usage usage = json("{\"usage\":{\"prompt_tokens\":14,\"completion_tokens\":3},"
                + "\"metrics\":{\"time_to_first_token_ms\":70,\"mean_itl_ms\":10}}");
        assertThat(usage.promptPerSecond()).isBetween(199.99, 200.01);
        assertThat(usage.tokensPerSecond()).isEqualTo(100);
        assertThat(usage.cacheTokens()).isEqualTo(-1);
    }

    @Test
    void whatIsCutOrSomethingElseIsNotKnown() {
        assertThat(json("{\"usage\":{\"prompt_tok")).isEqualTo(Usage.UNKNOWN);
        assertThat(stream("data: [DONE]\n\n")).isEqualTo(Usage.UNKNOWN);
        assertThat(json("\u0000\u0001")).isEqualTo(Usage.UNKNOWN);
    }

    @Test
    void theTailKeepsTheEnd() {
        Tail tail = new Tail();
        for (int i = 0; i < 5_000; i++) {
            tail.add(Unpooled.wrappedBuffer(("event " + i + "\n").getBytes(StandardCharsets.US_ASCII)));
        }
        tail.add(Unpooled.wrappedBuffer(new byte[100_000]));
        tail.add(Unpooled.wrappedBuffer("the end".getBytes(StandardCharsets.US_ASCII)));
        String text = new String(tail.bytes(), StandardCharsets.US_ASCII);
        assertThat(text).endsWith("the end");
        assertThat(text.length()).isBetween(2_000, 4_096);
    }
}
