// SPDX-License-Identifier: MIT
package io.goinfer.proxy.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.certs.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {
    @TempDir
    Path here;

    @TempDir
    Path there;

    private ApiKeys keys;
    private ApiKeys others;

    @BeforeEach
    void open() throws Exception {
        keys = open(here);
        others = open(there);
    }

    private static ApiKeys open(Path folder) throws IOException {
        return new ApiKeys(folder, Map.of(), InstantSource.system());
    }

    private static List<Map<String, String>> stored(Path folder) throws IOException {
        return Json.read(Files.readString(folder.resolve("keys.json")));
    }

    @Test
    void aRevokedKeyIsGoneAlsoAfterARestartAndItsNameIsFree() throws Exception {
        ApiKeys.Created first = keys.create("laptop", Role.USER);
        assertThat(keys.find(first.text())).contains(first.key());

        assertThat(keys.revoke("laptop")).isTrue();
        assertThat(keys.revoke("laptop")).as("once").isFalse();
        assertThat(keys.find(first.text())).isEmpty();
        assertThat(keys.list()).isEmpty();
        assertThat(Files.readString(here.resolve("keys.json"))).doesNotContain("sha256");

        ApiKeys.Created second = keys.create("laptop", Role.USER);
        ApiKeys again = open(here);
        assertThat(again.find(first.text())).isEmpty();
        assertThat(again.find(second.text())).contains(second.key());
    }

    @Test
    void keysOfAnotherRelayJoinAndWhatEitherRevokedStaysRevoked() throws Exception {
        ApiKeys.Created mine = keys.create("mine", Role.ADMIN);
        ApiKeys.Created both = others.create("both", Role.USER);
        assertThat(keys.merge(stored(there))).isEqualTo(new ApiKeys.Merged(1, 0));
        assertThat(keys.find(mine.text())).contains(mine.key());
        assertThat(keys.find(both.text())).contains(both.key());

        assertThat(keys.revoke("both")).isTrue();
        assertThat(keys.merge(stored(there))).as("still there").isEqualTo(new ApiKeys.Merged(0, 0));
        assertThat(keys.find(both.text())).isEmpty();

        assertThat(others.merge(stored(here))).isEqualTo(new ApiKeys.Merged(1, 1));
        assertThat(others.find(both.text())).isEmpty();
        assertThat(others.find(mine.text())).contains(mine.key());
    }

    @Test
    void aRowThatIsNoKeyChangesNothing() throws Exception {
        ApiKeys.Created good = others.create("good", Role.USER);
        for (Map<String, String> bad : List.of(
                Map.of("id", "0a0b0c0d", "role", "user", "sha256", "short"),
                Map.of("id", "0a0b0c0d", "role", "emperor", "sha256", "0".repeat(64)),
                Map.of("role", "user", "sha256", "0".repeat(64)))) {
            List<Map<String, String>> rows = List.of(stored(there).get(0), bad);
            assertThatThrownBy(() -> keys.merge(rows))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no API key");
        }
        assertThat(keys.find(good.text())).isEmpty();
        assertThat(keys.list()).isEmpty();
    }
}
