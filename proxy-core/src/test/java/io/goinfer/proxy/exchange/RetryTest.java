// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.route.Catalog;
import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a request goes once more: never to the process that had it. */
class RetryTest {
    private final ByteBudget budget = new ByteBudget(1 << 20);
    private final List<Place> places = new ArrayList<>();
    private final HeldBody held = new HeldBody(budget);

    private static final class Node implements Upstream {
        @Nullable
        Object process;

        Node(@Nullable Object process) {
            this.process = process;
        }

        @Override
        public boolean accepts() {
            return process != null;
        }

        @Override
        public boolean full() {
            return false;
        }

        @Override
        public @Nullable Object process() {
            return process;
        }

        @Override
        public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
            throw new IllegalStateException("not in this test");
        }
    }

    private Place add(String owner, Node node) {
        Place place = new Place(
                owner, "m", "m", true, false, node, new AtomicInteger(), new AtomicInteger(), new AtomicInteger());
        places.add(place);
        return place;
    }

    private Retry retry(@Nullable String owner) {
        Router router = new Router(() ->
                new Catalog(List.of(new Model("m", "{}", places, Set.of("a", "b"), true)), Set.of("a", "b")));
        Retry retry = new Retry(
                new ExchangeRules(router, budget, budget, null, 0, 0, () -> null),
                RequestHead.first("1", "GET", "/", new DefaultHttpHeaders(), false),
                owner);
        retry.keep(Unpooled.EMPTY_BUFFER);
        return retry;
    }

    @ParameterizedTest
    @CsvSource({
        // how, process at a now, another place, the client's choice, expected
        "NEW_PROCESS, 1, false, , -",
        "NEW_PROCESS, 2, false, , a",
        "NEW_PROCESS, , false, , -",
        "NEW_PROCESS, 1, true, , b",
        "NEW_PROCESS, 2, true, , b",
        "NEW_PROCESS, 1, true, a, -",
        "NEW_PROCESS, 2, true, a, a",
        "ELSEWHERE, 2, false, , -",
        "ELSEWHERE, 1, true, , b",
        "ELSEWHERE, 2, true, a, -",
        "REFUSE, 2, true, , -",
        "ABORT, 2, true, , -",
    })
    void goesWhereTheProcessIsAnother(
            Recovery how, @Nullable String now, boolean other, @Nullable String owner, String expected) {
        Node node = new Node("1");
        Place a = add("a", node);
        if (other) {
            add("b", new Node("9"));
        }
        Retry retry = retry(owner);
        retry.tried("m", a, "1");
        node.process = now;

        Place next = retry.next(how, held);

        assertThat(next == null ? "-" : next.owner()).isEqualTo(expected);
        retry.close();
        held.close();
        assertThat(budget.used()).isZero();
    }
}
