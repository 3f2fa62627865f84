// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.Balance;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import io.goinfer.proxy.model.Admission;
import io.goinfer.proxy.model.process.LogRing;
import io.goinfer.proxy.model.process.MemoryReadings;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.Refusal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Real processes: small shells that are ready at once, so that what is tested is who runs when. */
@DisabledOnOs(OS.WINDOWS)
class LocalModelsTest {
    private final EventLoops loops = new EventLoops("models-test", 1);
    private final List<String> started = new CopyOnWriteArrayList<>();
    private LocalModels models;

    @AfterEach
    void close() {
        models.close();
        loops.close();
    }

    private void start(String yaml) throws Exception {
        SwapConfig config = SwapLoader.parse("test", yaml, Map.of()).config();
        start(config, Balance.DEFAULT, Set.of(), MemoryReadings.NONE);
    }

    private void start(SwapConfig config, Balance balance, Set<String> byMemory, MemoryReadings memory) {
        LocalModelFactory factory = new LocalModelFactory("", List.of(), List.of(), balance, 256);
        List<LocalModel> all = config.models().values().stream()
                .map(model -> factory.configured(config, model))
                .toList();
        LocalModels.Setup setup = new LocalModels.Setup(
                all,
                new GroupPolicy(config.routing(), byMemory, Set.copyOf(balance.pinned()), memory.totalBytes()),
                config.selectors(),
                config.profiles());
        models = new LocalModels(setup, config.settings().healthCheckTimeout(), memory, loops);
        models.onChange(() -> models.state().statuses().stream()
                .filter(status -> status.state().equals("starting"))
                .map(status -> status.model().id())
                .filter(id ->
                        started.isEmpty() || !started.get(started.size() - 1).equals(id))
                .forEach(started::add));
        models.replace(setup).toCompletableFuture().join();
    }

    private static String model(String id, String more) {
        return "  " + id + ": {cmd: 'sh -c \"echo this is " + id + "; exec sleep 1000\"', proxy: 'http://127.0.0.1:9', "
                + "checkEndpoint: none" + more + "}\n";
    }

    /** One request. */
    private final class Call implements Admission.Waiting {
        volatile boolean granted;
        volatile Refusal refusal;
        final Admission.Ticket ticket;

        Call(String id) {
            this(id, 1);
        }

        Call(String id, int weight) {
            ticket = models.enter(Admission.Asked.api(id, true, false), this);
            ticket.weigh(weight);
        }

        @Override
        public void granted(Admission.Grant grant) {
            granted = true;
        }

        @Override
        public void refused(Refusal why) {
            refusal = why;
        }

        void end() {
            ticket.leave();
        }
    }

    private String state(String id) {
        return models.state().statuses().stream()
                .filter(status -> status.model().id().equals(id))
                .map(LocalState.Status::state)
                .findFirst()
                .orElse("?");
    }

    private String logged(String id) {
        return new String(models.log(id).bytes(), StandardCharsets.UTF_8);
    }

    private static boolean alive(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    @Test
    void aRequestStartsItsModelAndAnotherModelTakesItsPlace() throws Exception {
        start("models:\n" + model("a", "") + model("b", ""));

        Call first = new Call("a");
        eventually("a serves", () -> first.granted);
        eventually("its log is there", () -> logged("a").contains("this is a"));
        Call second = new Call("b");
        assertThat(second.granted).isFalse();
        first.end();

        eventually("b serves", () -> second.granted);
        assertThat(state("a")).isEqualTo("stopped");
        second.end();
    }

    /** Nor does it hold what it printed, whoever still listens. */
    @Test
    void aModelThatIsNotConfiguredAnyMoreKeepsNoLog() throws Exception {
        start("models:\n" + model("a", ""));
        Call call = new Call("a");
        eventually("a's log is there", () -> logged("a").contains("this is a"));
        LogRing log = models.log("a");
        models.replace(LocalModels.Setup.of(List.of(), (target, need, running) -> List.of()))
                .toCompletableFuture()
                .join();
        call.end();
        eventually("it has stopped", log::isClosed);
        assertThat(log.bytes()).isEmpty();
        assertThat(models.log("a")).isNull();
    }

    @Test
    void aModelInUseIsNotStoppedUnderItsRequest() throws Exception {
        start("models:\n" + model("a", "") + model("b", ""));
        Call first = new Call("a");
        Call other = new Call("a");
        eventually("both run", () -> first.granted && other.granted);
        Call second = new Call("b");
        first.end();
        // A third one passes b by, because a is loaded and b has not waited long.
        Call third = new Call("a");
        eventually("the third runs", () -> third.granted);
        assertThat(second.granted).isFalse();

        other.end();
        third.end();
        eventually("b serves", () -> second.granted);
        second.end();
    }

    @Test
    void aModelThatWaitsLongIsNotPassedByForEver() throws Exception {
        start("models:\n" + model("a", ", concurrencyLimit: 1000") + model("b", ""));
        Call running = new Call("a");
        Call first = running;
        eventually("a serves", () -> first.granted);
        Call waiting = new Call("b");
        // Always one request for a under way: without a guard b would never get its turn.
        Call next = new Call("a");
        while (!waited(waiting)) {
            Call now = next;
            eventually("it is served, or b has waited long", () -> now.granted || waited(waiting));
            running.end();
            running = next;
            next = new Call("a");
        }
        Call behind = new Call("a");
        running.end();
        next.end();

        eventually("b has its turn", () -> waiting.granted);
        assertThat(behind.granted).isFalse();
        waiting.end();
        eventually("a is served again", () -> behind.granted);
    }

    private static boolean waited(Call call) {
        Waiter waiter = (Waiter) call.ticket;
        return System.nanoTime() - waiter.since > TimeUnit.SECONDS.toNanos(5);
    }

    @Test
    void severalRequestsForThreeModelsStartEachOnce() throws Exception {
        start("models:\n" + model("a", "") + model("b", "") + model("c", ""));
        List<Call> calls = new ArrayList<>();
        for (String id : List.of("a", "b", "c", "a", "b", "c")) {
            calls.add(new Call(id));
        }
        for (int i = 0; i < 3; i++) {
            int one = i;
            eventually(
                    "both requests for the " + i + ". model",
                    () -> calls.get(one).granted && calls.get(one + 3).granted);
            calls.get(one).end();
            calls.get(one + 3).end();
        }
        assertThat(started).containsExactly("a", "b", "c");
    }

    @Test
    void tooManyRequestsAreRefusedAtOnce() throws Exception {
        start("models:\n" + model("a", ""));
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < 11; i++) {
            calls.add(new Call("a"));
        }

        eventually("one is refused", () -> calls.stream().anyMatch(call -> call.refusal != null));
        eventually("ten run", () -> calls.stream().filter(call -> call.granted).count() == 10);
        Refusal refusal = calls.stream()
                .map(call -> call.refusal)
                .filter(r -> r != null)
                .findFirst()
                .orElseThrow();
        assertThat(refusal.status()).isEqualTo(429);
        assertThat(refusal.code()).isEqualTo("concurrency_limit");
        calls.get(0).end();
        Call next = new Call("a");
        eventually("there is room again", () -> next.granted);
    }

    @Test
    void slotsAreAQueueOfOurOwn() throws Exception {
        start(
                "models:\n  a: {cmd: 'sh -c \"exec sleep 1000\" -np 2', proxy: 'http://127.0.0.1:9', checkEndpoint: none}\n");
        Call first = new Call("a");
        Call second = new Call("a");
        Call third = new Call("a");
        Call leaver = new Call("a");
        Call last = new Call("a");
        eventually("two run", () -> first.granted && second.granted);
        leaver.end();
        first.end();

        eventually("the third runs", () -> third.granted);
        assertThat(last.granted).isFalse();
        second.end();
        eventually("the last runs", () -> last.granted);
        assertThat(leaver.granted).isFalse();
    }

    @Test
    void aCommandThatFailsTellsItsLastLines() throws Exception {
        start("models: {m: {cmd: 'sh -c \"echo no such model >&2; exit 3\" ${PORT}'}}");

        Call call = new Call("m");

        eventually("it is refused", () -> call.refusal != null);
        assertThat(call.refusal.status()).isEqualTo(500);
        assertThat(call.refusal.message())
                .contains("exited prematurely with code 3")
                .contains("no such model");
        eventually("it is stopped", () -> state("m").equals("stopped"));
        Call again = new Call("m");
        eventually("the next request tries again", () -> again.refusal != null);
    }

    @Test
    void aCommandThatDoesNotExistIsAnErrorToo() throws Exception {
        start("models: {m: {cmd: '/no/such/program ${PORT}'}}");

        Call call = new Call("m");

        eventually("it is refused", () -> call.refusal != null);
        assertThat(call.refusal.code()).isEqualTo("model_failed");
    }

    @Test
    void unloadEndsTheWholeTree() throws Exception {
        start(
                "models:\n  m: {cmd: 'sh -c \"sleep 1001 & sleep 1002 & echo kids; wait\"', proxy: 'http://127.0.0.1:9', checkEndpoint: none}\n");
        Call call = new Call("m");
        eventually("it runs", () -> call.granted && logged("m").contains("kids"));
        eventually("both children run", () -> kids().size() == 2);
        List<Long> kids = kids();

        models.unload("m").toCompletableFuture().get(20, TimeUnit.SECONDS);

        assertThat(state("m")).isEqualTo("stopped");
        eventually("its children are gone", () -> kids.stream().noneMatch(LocalModelsTest::alive));
    }

    private static List<Long> kids() {
        return ProcessHandle.current()
                .descendants()
                .filter(one -> one.info().commandLine().orElse("").matches(".*sleep 100[12]"))
                .map(ProcessHandle::pid)
                .toList();
    }

    @Test
    void aStubbornProcessIsKilled() throws Exception {
        start("models:\n  m: {cmd: \"sh -c \\\"trap '' TERM; echo deaf; while :; do sleep 0.1; done\\\"\", "
                + "proxy: 'http://127.0.0.1:9', checkEndpoint: none, unloadTimeout: 1}\n");
        Call call = new Call("m");
        eventually("it runs", () -> call.granted && logged("m").contains("deaf"));

        models.unload("m").toCompletableFuture().get(20, TimeUnit.SECONDS);

        assertThat(state("m")).isEqualTo("stopped");
    }

    @Test
    void anIdleModelIsUnloadedAfterItsTtl() throws Exception {
        start("models:\n" + model("m", ", ttl: 1"));
        Call call = new Call("m");
        eventually("it runs", () -> call.granted);
        call.end();

        eventually("it is unloaded", Duration.ofSeconds(15), () -> state("m").equals("stopped"));
    }

    @Test
    void aCrashIsNoticedAndTheNextRequestStartsItAgain() throws Exception {
        start("models:\n" + model("m", ""));
        Call call = new Call("m");
        eventually("it runs", () -> call.granted);
        eventually("its log is there", () -> logged("m").contains("this is m"));
        ProcessHandle.current()
                .descendants()
                .filter(one -> one.info().commandLine().orElse("").endsWith("sleep 1000"))
                .forEach(ProcessHandle::destroyForcibly);

        eventually("it is stopped", () -> state("m").equals("stopped"));
        call.end();
        Call again = new Call("m");
        eventually("it runs again", () -> again.granted);
    }

    /** A driver gives memory back later than the process ends. */
    @Test
    void aModelThatTakesAnothersPlaceWaitsUntilItsMemoryIsReallyFree() throws Exception {
        AtomicLong free = new AtomicLong(100);
        AtomicInteger asked = new AtomicInteger();
        MemoryReadings memory = new MemoryReadings() {
            @Override
            public long totalBytes() {
                return 100;
            }

            @Override
            public long freeBytes() {
                asked.incrementAndGet();
                return free.get();
            }

            @Override
            public long usedBy(long pid) {
                return 60;
            }
        };
        SwapConfig config = SwapLoader.parse("test", "models:\n" + model("a", "") + model("b", ""), Map.of())
                .config();
        start(config, Balance.DEFAULT, Set.of("a", "b"), memory);
        for (String id : List.of("a", "b")) {
            Call call = new Call(id);
            eventually("granted", () -> call.granted);
            call.end();
        }
        eventually("a had to go", () -> state("a").equals("stopped"));

        free.set(10);
        asked.set(0);
        Call again = new Call("a");
        eventually("b is gone, and the memory was looked at", () -> state("b").equals("stopped") && asked.get() > 3);
        assertThat(state("a")).isEqualTo("stopped");
        assertThat(again.granted).isFalse();

        free.set(70);
        eventually("granted", () -> again.granted);
        again.end();
    }
}
