// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.upstream.RequestHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each cell of the matrix, and which requests count as replayable. */
class RecoveryTest {
    @ParameterizedTest
    @CsvSource({
        "node_lost, false, true, NEW_PROCESS",
        "node_lost, false, false, REFUSE",
        "node_lost, true, true, ABORT",
        "node_lost, true, false, ABORT",
        "backend_unreachable, false, true, ELSEWHERE",
        "backend_unreachable, false, false, REFUSE",
        "backend_unreachable, true, true, ABORT",
        "backend_unreachable, true, false, ABORT",
        "overloaded, false, true, ELSEWHERE",
        "overloaded, false, false, REFUSE",
        "overloaded, true, true, ABORT",
        "overloaded, true, false, ABORT",
        "backend_failed, false, true, REFUSE",
        "backend_failed, false, false, REFUSE",
        "backend_failed, true, true, ABORT",
        "backend_failed, true, false, ABORT",
        "request_too_large, false, true, REFUSE",
        "request_too_large, true, true, ABORT",
    })
    void isAsTheMatrixSays(String code, boolean begun, boolean replayable, Recovery expected) {
        assertThat(Recovery.of(code, begun, replayable)).isEqualTo(expected);
    }

    private static Replay replay(String method, String path, ByteBudget budget) {
        return new Replay(budget, RequestHead.first("1", method, path, new DefaultHttpHeaders(), true));
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /v1/anything, true",
        "POST, /v1/chat/completions, true",
        "POST, /v1/chat/completions?x=1, true",
        "POST, /completion, true",
        "POST, /v1/files, false",
        "POST, /v1/images/generations, false",
        "PUT, /v1/chat/completions, false",
        "DELETE, /v1/models/x, false",
    })
    void onlyWhatChangesNothingIsReplayed(String method, String path, boolean expected) {
        assertThat(replay(method, path, new ByteBudget(1 << 20)).isWhole()).isEqualTo(expected);
    }

    @Test
    void aBodyThatIsTooLargeOrOverTheBudgetIsNotKept() {
        ByteBudget budget = new ByteBudget(300 << 10);
        Replay large = replay("POST", "/v1/completions", budget);
        ByteBuf piece = Unpooled.wrappedBuffer(new byte[200 << 10]);
        large.keep(piece);
        assertThat(large.isWhole()).isTrue();

        Replay second = replay("POST", "/v1/completions", budget);
        second.keep(piece);
        assertThat(second.isWhole()).as("over the budget").isFalse();

        large.keep(piece);
        assertThat(large.isWhole()).as("over 256 KiB").isFalse();
        assertThat(budget.used()).isZero();
        assertThat(piece.refCnt()).isEqualTo(1);
        piece.release();
    }

    @Test
    void whatWasKeptIsHeldAgainAtThisProcessesCost() {
        ByteBudget budget = new ByteBudget(1 << 20);
        ByteBudget holding = new ByteBudget(1 << 20);
        Replay replay = replay("POST", "/v1/completions", budget);
        ByteBuf piece = Unpooled.wrappedBuffer(new byte[100]);
        replay.keep(piece);
        HeldBody body = new HeldBody(holding);

        replay.into(body);

        assertThat(body.bytes()).isEqualTo(100);
        assertThat(body.allReserved()).isTrue();
        assertThat(budget.used()).isZero();
        assertThat(replay.isWhole()).isFalse();
        body.close();
        assertThat(holding.used()).isZero();
        assertThat(piece.release()).isTrue();
    }
}
