// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.swap.SwapConfig.Matrix;
import io.goinfer.proxy.config.swap.SwapLoader;
import io.goinfer.proxy.model.local.EvictionPolicy.Running;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MatrixPolicyTest {
    private static MatrixPolicy policy(String models, String matrix) throws Exception {
        String all = Arrays.stream(models.split(" "))
                .map(id -> id + ": {cmd: 'x ${PORT}'}")
                .collect(Collectors.joining(", "));
        Matrix read = SwapLoader.parse("test", "models: {" + all + "}\nmatrix: " + matrix, Map.of())
                .config()
                .routing()
                .matrix();
        return new MatrixPolicy(read);
    }

    private static List<String> evict(MatrixPolicy policy, String target, String... running) {
        return policy.evict(
                target,
                0,
                Arrays.stream(running).map(id -> new Running(id, 0, false, 0)).toList());
    }

    @Test
    void theCheapestCombinationWins() throws Exception {
        MatrixPolicy policy = policy("a b c", "{evict_costs: {b: 10, c: 1}, sets: {x: 'a & c', y: 'a & b'}}");
        assertThat(evict(policy, "a", "b", "c")).containsExactly("c");
    }

    @Test
    void whoIsInNoSetWantsTheMachine() throws Exception {
        MatrixPolicy policy = policy("a b x", "{sets: {s: 'a & b'}}");
        assertThat(evict(policy, "x", "a", "b")).containsExactly("a", "b");
        assertThat(evict(policy, "a", "b")).isEmpty();
    }

    @Test
    void atEqualCostTheFirstSetWins() throws Exception {
        MatrixPolicy policy = policy("a b c", "{sets: {s1: 'a & b', s2: 'a & c'}}");
        assertThat(evict(policy, "a", "b", "c")).containsExactly("c");
    }

    @Test
    void referencesAndPrecedence() throws Exception {
        MatrixPolicy policy = policy("g q m v e", "{sets: {llms: 'g | q | m', t: '+llms & v', mega: '+t & e'}}");
        assertThat(evict(policy, "v", "g", "e")).isEmpty();
        assertThat(evict(policy, "g", "q", "v")).containsExactly("q");
        assertThat(evict(policy("a b c", "{sets: {s: 'a | b & c'}}"), "b", "c")).isEmpty();
        assertThat(evict(policy("a b c", "{sets: {s: 'a | b & c'}}"), "a", "c")).containsExactly("c");
    }

    /** 20 choices of 20 would be 20^20 combinations; 70 models do not fit into the bits of a number. */
    @Test
    void combinationsAreNotWrittenOut() throws Exception {
        String models = IntStream.range(0, 400).mapToObj(i -> "m" + i).collect(Collectors.joining(" "));
        String set = IntStream.range(0, 20)
                .mapToObj(group -> IntStream.range(0, 20)
                        .mapToObj(i -> "m" + (group * 20 + i))
                        .collect(Collectors.joining(" | ", "(", ")")))
                .collect(Collectors.joining(" & "));
        MatrixPolicy policy = policy(models, "{sets: {s: '" + set + "'}}");
        String[] running = IntStream.range(0, 70).mapToObj(i -> "m" + i).toArray(String[]::new);

        assertThat(evict(policy, "m399", running)).hasSize(66);
        assertThat(evict(policy, "m0", "m1", "m20")).containsExactly("m1");
    }
}
