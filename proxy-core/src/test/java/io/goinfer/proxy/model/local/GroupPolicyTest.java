// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapConfig.Group;
import io.goinfer.proxy.model.local.EvictionPolicy.Running;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GroupPolicyTest {
    private static List<Running> running(String... ids) {
        return Arrays.stream(ids).map(id -> new Running(id, 0, false, 0)).toList();
    }

    private static Group group(String name, boolean swap, boolean exclusive, boolean persistent, String... members) {
        return new Group(name, swap, exclusive, persistent, Set.of(members));
    }

    private static GroupPolicy policy(List<SwapConfig.Group> groups, Set<String> byMemory, long capacity) {
        return new GroupPolicy(new SwapConfig.Routing(groups, null, Map.of()), byMemory, Set.of(), capacity);
    }

    @Test
    void modelsWithoutAGroupTakeTurns() {
        GroupPolicy policy = policy(List.of(), Set.of(), 0);

        assertThat(policy.evict("a", 0, running("b"))).containsExactly("b");
        assertThat(policy.evict("a", 0, running("a"))).isEmpty();
    }

    @Test
    void aGroupThatIsNotExclusiveLeavesTheOthers() {
        GroupPolicy policy = policy(
                List.of(group("g1", true, true, false, "a", "b"), group("g2", true, false, false, "c")), Set.of(), 0);

        assertThat(policy.evict("c", 0, running("a"))).isEmpty();
        assertThat(policy.evict("a", 0, running("c"))).containsExactly("c");
        assertThat(policy.evict("b", 0, running("a"))).containsExactly("a");
    }

    @Test
    void aPersistentMemberSurvivesAndAGroupWithoutSwapRunsTogether() {
        GroupPolicy policy = policy(
                List.of(group("keep", false, false, true, "p", "q"), group("g", true, true, false, "a")), Set.of(), 0);

        assertThat(policy.evict("a", 0, running("p", "q"))).isEmpty();
        assertThat(policy.evict("q", 0, running("p"))).isEmpty();
    }

    @Test
    void foundModelsRunTogetherWhileTheyFit() {
        GroupPolicy policy = policy(List.of(), Set.of("a", "b", "c"), 100);
        List<Running> both = List.of(new Running("a", 2, false, 40), new Running("b", 1, false, 40));

        assertThat(policy.evict("c", 20, both)).isEmpty();
        assertThat(policy.evict("c", 30, both))
                .as("the one that was used longest ago")
                .containsExactly("b");
        assertThat(policy.evict("c", 90, both)).containsExactly("b", "a");
        assertThat(policy.evict("c", 30, List.of(new Running("a", 2, false, 40), new Running("b", 1, true, 40))))
                .as("idle ones first")
                .containsExactly("a");
    }

    @Test
    void anUnknownNeedWantsTheMachineForItself() {
        GroupPolicy policy = policy(List.of(), Set.of("a", "b"), 100);

        assertThat(policy.evict("a", 0, List.of(new Running("b", 1, false, 10))))
                .containsExactly("b");
        assertThat(policy.evict("a", 10, List.of(new Running("b", 1, false, 0))))
                .containsExactly("b");
        assertThat(policy(List.of(), Set.of("a", "b"), 0).evict("a", 10, List.of(new Running("b", 1, false, 10))))
                .as("no reading of memory: they take turns")
                .containsExactly("b");
    }
}
