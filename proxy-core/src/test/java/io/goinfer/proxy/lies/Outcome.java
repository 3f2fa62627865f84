// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.testing.StrictClient.Reply;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What the lying node's client may see. */
interface Outcome {
    void check(Reply reply);

    /** goinfer's own error, whole. */
    static Outcome error() {
        return reply -> {
            assertThat(reply.complete()).as("the error is whole: " + reply).isTrue();
            assertThat(reply.status()).as(reply.toString()).isBetween(400, 599);
            assertThat(reply.body()).startsWith("{\"src\":\"goinfer\",\"error\":{");
            assertThat(JsonTree.isObject(reply.body().getBytes(StandardCharsets.ISO_8859_1)))
                    .as("JSON: " + reply.body())
                    .isTrue();
        };
    }

    /** The answer has begun, and ends so that nobody takes it for a whole one. */
    static Outcome cut() {
        return reply -> assertThat(reply.complete()).as("cut: " + reply).isFalse();
    }

    /** An error, or a cut: never an answer. */
    static Outcome broken() {
        return either(cut(), error());
    }

    static Outcome right(int status, String body) {
        return reply -> {
            assertThat(reply.complete()).as("whole: " + reply).isTrue();
            assertThat(reply.status()).as(reply.toString()).isEqualTo(status);
            assertThat(reply.body()).isEqualTo(body);
            assertThat(reply.all("x-request-id")).containsExactly("asked");
        };
    }

    static Outcome right() {
        return right(200, "right");
    }

    /** The lie's own fields are gone. */
    default Outcome without(String... fields) {
        return reply -> {
            check(reply);
            for (String field : fields) {
                assertThat(reply.all(field)).as(field + " in " + reply).isEmpty();
                assertThat(reply.trailers()).as("trailers").doesNotContain(field);
                reply.interims()
                        .forEach(head -> assertThat(head.toLowerCase(java.util.Locale.ROOT))
                                .doesNotContain("\r\n" + field + ":"));
            }
        };
    }

    default Outcome with(String field, String value) {
        return reply -> {
            check(reply);
            assertThat(reply.all(field)).containsExactly(value);
        };
    }

    static Outcome either(Outcome... some) {
        return reply -> {
            AssertionError[] none = new AssertionError[1];
            boolean any = Arrays.stream(some).anyMatch(one -> {
                try {
                    one.check(reply);
                    return true;
                } catch (AssertionError e) {
                    none[0] = e;
                    return false;
                }
            });
            if (!any) {
                throw none[0];
            }
        };
    }

    default Outcome and(Outcome other) {
        return reply -> {
            check(reply);
            other.check(reply);
        };
    }

    default Outcome or(Outcome other) {
        return either(this, other);
    }
}
