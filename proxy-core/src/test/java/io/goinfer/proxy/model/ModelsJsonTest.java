// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelsJsonTest {
    private static List<ModelInfo> read(String json) throws IOException {
        return ModelsJson.read(json.getBytes(StandardCharsets.UTF_8)).models();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"models\":5}",
                "{\"models\":[]}]",
                "{\"models\":[]}{\"models\":[]}",
                "{\"models\":[]",
                "{\"models\":[{\"id\":\"a\nb\"}]}",
                "{\"models\":[{\"id\":NaN}]}"
            })
    void whatIsNoListIsRefusedInOneLine(String json) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(IOException.class)
                .satisfies(e -> assertThat(e.getMessage()).isNotEmpty().doesNotContain("\n"));
    }

    /** They could not be asked for: an id is a field of the request that goes to the node, and of the answer. */
    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a\\r\\nb: c", "a\\u0000", "a\\u007f", "\\u001b[2J", "a\\u0085b"})
    void anIdThatIsNoFieldsValueIsNoModel(String id) throws Exception {
        assertThat(read("{\"models\":[{\"id\":\"" + id + "\"},{\"id\":\"good\"}]}"))
                .extracting(ModelInfo::id)
                .containsExactly("good");
    }

    @Test
    void anIdThatNoHeadHasRoomForIsNoModel() throws Exception {
        assertThat(read("{\"models\":[{\"id\":\"" + "x".repeat(4_097) + "\"},{\"id\":\"good\"}]}"))
                .hasSize(1);
        assertThat(read("{\"models\":[{\"id\":\"" + "x".repeat(4_096) + "\"}]}"))
                .hasSize(1);
    }

    /** One member that cannot be does not hide all models. */
    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775808", "-1", "99999999999999999999999999999", "1.5", "\"now\"", "1e400"})
    void aTimeThatIsNoneIsNotKnown(String created) throws Exception {
        assertThat(read("{\"models\":[{\"id\":\"good\",\"created\":" + created + "}]}"))
                .extracting(ModelInfo::created)
                .containsExactly(0L);
    }
}
