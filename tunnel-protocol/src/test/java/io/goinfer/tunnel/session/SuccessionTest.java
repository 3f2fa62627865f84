// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static io.goinfer.tunnel.session.Succession.Verdict.JOIN;
import static io.goinfer.tunnel.session.Succession.Verdict.SUPERSEDED;
import static io.goinfer.tunnel.session.Succession.Verdict.TAKE_OVER;
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

        assertThat(Succession.judge(second, List.of(first))).isEqualTo(JOIN);
        assertThat(Succession.newer(second, first)).isTrue();
    }

    @Test
    void aHigherEpochTakesOver() {
        assertThat(Succession.judge(new Claim(B, 6, 0, 1), List.of(new Claim(A, 5, 0, 9))))
                .isEqualTo(TAKE_OVER);
    }

    @Test
    void aLowerOrEqualEpochOfAnotherInstanceIsRefused() {
        assertThat(Succession.judge(new Claim(B, 5, 0, 1), List.of(new Claim(A, 5, 0, 9))))
                .isEqualTo(SUPERSEDED);
        assertThat(Succession.judge(new Claim(B, 4, 0, 1), List.of(new Claim(A, 5, 0, 9))))
                .isEqualTo(SUPERSEDED);
    }

    @Test
    void theFirstSessionJustJoins() {
        assertThat(Succession.judge(new Claim(A, 1, 0, 1), List.of())).isEqualTo(JOIN);
    }
}
