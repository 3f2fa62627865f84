// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

/**
 * What becomes of an exchange whose way to the model is lost for good: the whole matrix, in one place. What can be resumed never comes here (PROTOCOL.md
 * §6.10).
 *
 * <pre>
 *                                       nothing of the answer yet            the answer has begun
 *                                       replayable     not replayable
 * node lost, or it gave the exchange up new process    502 node_lost         error event, abortive end
 * backend not reached, node refused     elsewhere      503 as told           error event, abortive end
 * anything else (backend broke off, …)  as told        as told               error event, abortive end
 * </pre>
 *
 * The process that had a request never gets it again.
 */
enum Recovery {
    /** Once more, at another place, or at the same where another process is there now. */
    NEW_PROCESS,
    /** Once more, at another place: what is behind the node is the same for every process of it. */
    ELSEWHERE,
    /** The answer of our own that the refusal says. */
    REFUSE,
    /** The API's own error event, then an end that nobody takes for a clean one. */
    ABORT;

    /** @param code of the refusal */
    static Recovery of(String code, boolean answerHasBegun, boolean replayable) {
        if (answerHasBegun) {
            return ABORT;
        }
        if (!replayable) {
            return REFUSE;
        }
        return switch (code) {
            case "node_lost" -> NEW_PROCESS;
            case "backend_unreachable", "overloaded" -> ELSEWHERE;
            default -> REFUSE;
        };
    }
}
