// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig.Group;
import io.goinfer.proxy.config.swap.SwapConfig.Routing;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * llama-swap's groups, or its matrix, for the models of a llama-swap.yml; memory for those that were found on disk ({@code balance.ungrouped}). Pure.
 *
 * <p>A found model evicts the least recently used, idle ones first, until the needs of all fit. Without a known need, or a known capacity, it wants the
 * machine for itself.
 */
public final class GroupPolicy implements EvictionPolicy {
    private static final Group DEFAULT = new Group("(default)", true, true, false, Set.of());

    private final Map<String, Group> groups = new HashMap<>();
    private final @Nullable MatrixPolicy matrix;
    private final Set<String> byMemory;
    private final Set<String> pinned;
    private final long capacityBytes;

    /**
     * @param byMemory ids that belong to no group and run together when they fit
     * @param pinned ids that no other group unloads
     * @param capacityBytes memory for all models together, 0 = unknown
     */
    public GroupPolicy(Routing routing, Set<String> byMemory, Set<String> pinned, long capacityBytes) {
        for (Group group : routing.groups()) {
            group.members().forEach(member -> this.groups.put(member, group));
        }
        this.matrix = routing.matrix() == null ? null : new MatrixPolicy(routing.matrix());
        this.byMemory = Set.copyOf(byMemory);
        this.pinned = Set.copyOf(pinned);
        this.capacityBytes = capacityBytes;
    }

    @Override
    public List<String> evict(String target, long needBytes, Collection<Running> running) {
        List<Running> others =
                running.stream().filter(one -> !one.id().equals(target)).toList();
        if (byMemory(target)) {
            return byMemory(needBytes, others);
        }
        return matrix != null ? matrix.evict(target, needBytes, running) : byGroup(target, others);
    }

    @Override
    public boolean byMemory(String target) {
        return byMemory.contains(target);
    }

    private List<String> byGroup(String target, List<Running> others) {
        Group own = groups.getOrDefault(target, DEFAULT);
        List<String> evicted = new ArrayList<>();
        for (Running other : others) {
            Group group = groups.getOrDefault(other.id(), DEFAULT);
            boolean same = group.name().equals(own.name()) && !byMemory.contains(other.id());
            if (same ? own.swap() : own.exclusive() && !stays(other)) {
                evicted.add(other.id());
            }
        }
        return evicted;
    }

    private boolean stays(Running one) {
        return pinned.contains(one.id())
                || groups.getOrDefault(one.id(), DEFAULT).persistent();
    }

    private List<String> byMemory(long needBytes, List<Running> others) {
        List<Running> candidates = others.stream()
                .filter(one -> !stays(one))
                .sorted(Comparator.comparing(Running::busy).thenComparingLong(Running::usedAt))
                .toList();
        boolean known = needBytes > 0 && capacityBytes > 0;
        long used = needBytes;
        for (Running other : others) {
            known &= other.needBytes() > 0;
            used += other.needBytes();
        }
        List<String> evicted = new ArrayList<>();
        for (Running candidate : candidates) {
            if (known && used <= capacityBytes) {
                break;
            }
            evicted.add(candidate.id());
            used -= candidate.needBytes();
        }
        return evicted;
    }
}
