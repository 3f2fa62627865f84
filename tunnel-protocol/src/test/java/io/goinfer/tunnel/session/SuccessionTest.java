// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.Succession.Claim;
import java.util.List;
import org.junit.jupiter.api.Test;

class SuccessionTest {
    private static final Id A = new Id(1, 1);
    private static final Id B = new Id(2, 2);

    @Test
    void sessionsOfOneInstanceCoexistAndTheHighestNumberServes() {
        Claim first = new Claim(A, 5, 0, 1);
        Claim second = new Claim(A, 5, 0, 2);

        assertThat(Succession.mayEnter(second, List.of(first))).isTrue();
        assertThat(Succession.newer(second, first)).isTrue();
    }

    @Test
    void aHigherEpochTakesOver() {
        assertThat(Succession.mayEnter(new Claim(B, 6, 0, 1), List.of(new Claim(A, 5, 0, 9))))
                .isTrue();
    }

    @Test
    void aLowerOrEqualEpochOfAnotherInstanceIsRefused() {
        assertThat(Succession.mayEnter(new Claim(B, 5, 0, 1), List.of(new Claim(A, 5, 0, 9))))
                .isFalse();
        assertThat(Succession.mayEnter(new Claim(B, 4, 0, 1), List.of(new Claim(A, 5, 0, 9))))
                .isFalse();
    }

    @Test
    void epochsHaveNoSign() {
        Claim small = new Claim(A, 5, 0, 1);
        Claim large = new Claim(B, 1L << 63, 0, 1);

        assertThat(Succession.mayEnter(large, List.of(small))).isTrue();
        assertThat(Succession.mayEnter(small, List.of(large))).isFalse();
        assertThat(Succession.newer(large, small)).isTrue();
        assertThat(small.olderThan(large)).isTrue();
        assertThat(large.olderThan(small)).isFalse();
    }

    @Test
    void theFirstSessionJustJoins() {
        assertThat(Succession.mayEnter(new Claim(A, 1, 0, 1), List.of())).isTrue();
    }
}
