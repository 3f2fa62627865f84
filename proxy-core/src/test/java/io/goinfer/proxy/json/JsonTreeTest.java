// SPDX-License-Identifier: MIT
package io.goinfer.proxy.json;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTreeTest {
    @ParameterizedTest
    @CsvSource({
        "5, 5",
        "-5, -5",
        "9223372036854775807, 9223372036854775807",
        "1.9, 1",
        "1e3, 1000",
        "9223372036854775808, 9223372036854775807",
        "-99999999999999999999, -9223372036854775808",
        "1e999999999, 9223372036854775807",
        "-1e9999999999, -9223372036854775808",
        "1e-9999999999, 0"
    })
    void aNumberIsTheNearestLong(String written, long expected) throws Exception {
        assertThat(JsonTree.number(JsonTree.read(written), 7)).isEqualTo(expected);
    }
}
