// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.Outage.What;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OutageTest {
    private static List<Outage> drawn(long seed, Arrangement arrangement) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Outage> all = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            all.add(Outage.random(random, arrangement));
        }
        return all;
    }

    @ParameterizedTest
    @EnumSource
    void allKindsAreDrawnWithinTheirBoundsAndASeedDrawsThemAgain(Arrangement arrangement) {
        List<Outage> all = drawn(7, arrangement);

        assertThat(all).isEqualTo(drawn(7, arrangement)).isNotEqualTo(drawn(8, arrangement));
        assertThat(all).allSatisfy(one -> {
            assertThat(one.first()).isBetween(Duration.ofMillis(200), Duration.ofSeconds(12));
            if (one.isDouble()) {
                assertThat(one.pause()).isBetween(Duration.ofMillis(100), Duration.ofSeconds(3));
                assertThat(one.second()).isBetween(Duration.ofMillis(200), Duration.ofSeconds(12));
            }
        });
        assertThat(all.stream().filter(Outage::isDouble).count()).isBetween(250L, 420L);
        assertThat(all.stream()
                        .filter(one -> one.first().compareTo(Duration.ofSeconds(4)) >= 0)
                        .filter(one -> one.first().compareTo(Duration.ofSeconds(8)) < 0)
                        .count())
                .isGreaterThan(500);
        Set<What> kinds = EnumSet.noneOf(What.class);
        all.forEach(one -> kinds.add(one.what()));
        assertThat(kinds)
                .isEqualTo(
                        arrangement.usesUdp() ? EnumSet.allOf(What.class) : EnumSet.complementOf(EnumSet.of(What.UDP)));
    }

    @Test
    void theLineIsBackAfterEach() throws Exception {
        List<String> told = new ArrayList<>();
        Duration moment = Duration.ofMillis(1);

        new Outage(What.TO_NODE, moment, moment, moment, moment)
                .happen((what, passes) -> told.add(what + (passes ? " back" : " dead")));
        new Outage(What.UDP, moment, moment, Duration.ZERO, Duration.ZERO)
                .happen((what, passes) -> told.add(what + (passes ? " back" : " dead")));

        assertThat(told)
                .containsExactly(
                        "TO_NODE dead", "TO_NODE back", "TO_NODE dead", "TO_NODE back", "UDP dead", "UDP back");
    }
}
