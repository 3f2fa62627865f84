// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LivenessTest {
    private static final long MS = 1_000_000L;

    private final Liveness liveness = new Liveness(0);

    /** Ticks every 250 ms until {@code untilMillis}; answers PINGs if {@code answering}; returns the time of DEAD or -1. */
    private long run(long fromMillis, long untilMillis, boolean answering) {
        for (long now = fromMillis; now <= untilMillis; now += 250) {
            switch (liveness.tick(now * MS)) {
                case PING -> {
                    long number = liveness.pinged(now * MS);
                    if (answering) {
                        assertThat(liveness.ponged(number, now * MS + MS)).isTrue();
                    }
                }
                case DEAD -> {
                    return now;
                }
                case NOTHING -> {
                    continue;
                }
            }
        }
        return -1;
    }

    @Test
    void aPeerThatAnswersIsNeverSuspect() {
        assertThat(run(250, 60_000, true)).isEqualTo(-1);
        assertThat(liveness.suspect(60_000 * MS)).isFalse();
    }

    @Test
    void aPeerThatFallsSilentIsSuspectWithinFiveSecondsAndDeadWithinNine() {
        run(250, 10_000, true);

        assertThat(run(10_250, 15_000, false)).isEqualTo(-1);
        assertThat(liveness.suspect(15_250 * MS)).isTrue();
        long dead = run(15_250, 30_000, false);

        assertThat(dead).isBetween(18_000L, 19_500L);
    }

    /** So that a relay that was started again soon has something to answer. */
    @Test
    void aPingThatIsASecondOldIsFollowedByFourASecond() {
        int pings = 0;
        for (long now = 250; now <= 5_000; now += 250) {
            if (liveness.tick(now * MS) == Liveness.Action.PING) {
                liveness.pinged(now * MS);
                pings++;
                assertThat(pings).isLessThanOrEqualTo(now < 2_000 ? 1 : (int) (now - 2_000) / 250 + 2);
            }
        }
        assertThat(pings).isEqualTo(14);
    }

    @Test
    void aLateAnswerEndsTheSuspicion() {
        run(250, 6_500, false);
        assertThat(liveness.suspect(6_500 * MS)).isTrue();

        assertThat(liveness.ponged(1, 6_600 * MS)).isTrue();

        assertThat(liveness.suspect(6_600 * MS)).isFalse();
        assertThat(run(6_750, 9_000, true)).isEqualTo(-1);
    }

    @Test
    void aLoopThatWasStoppedItselfGivesThePeerThatMuchMoreOnce() {
        run(250, 1_500, false);

        assertThat(liveness.tick(15_000 * MS)).isNotEqualTo(Liveness.Action.DEAD);
        assertThat(run(15_250, 40_000, false)).isBetween(21_000L, 24_000L);
    }

    @Test
    void anAnswerThatNobodyAskedForIsALie() {
        assertThat(liveness.ponged(1, MS)).isFalse();
    }

    @Test
    void aSupersededPeerThatWasSilentAlreadyIsDeadAtOnce() {
        run(250, 1_500, false);

        liveness.supersede();

        assertThat(liveness.tick(1_750 * MS)).isEqualTo(Liveness.Action.DEAD);
    }

    @Test
    void aSupersededPeerIsAskedAtOnceAndHasLittleTimeToAnswer() {
        run(250, 1_250, true);

        liveness.supersede();

        assertThat(run(1_300, 5_000, false)).isBetween(1_700L, 2_000L);
    }

    @Test
    void aSupersededPeerThatAnswersLives() {
        run(250, 1_250, true);

        liveness.supersede();

        assertThat(run(1_300, 6_300, true)).isEqualTo(-1);
    }

    @Test
    void onALongWayASupersededPeerHasFourRoundTrips() {
        long number = liveness.pinged(0);
        assertThat(liveness.ponged(number, 700 * MS)).isTrue();

        liveness.supersede();

        assertThat(run(750, 10_000, false)).isBetween(750L + 2_800, 750L + 3_050);
    }
}
