// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig.Matrix;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * llama-swap's matrix: of the combinations that hold the target, the one whose missing models cost least; at equal cost the first of the first set. A
 * target that stands in no set wants the machine for itself. Pure.
 */
final class MatrixPolicy implements EvictionPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(MatrixPolicy.class);

    private final Matrix matrix;

    MatrixPolicy(Matrix matrix) {
        this.matrix = matrix;
    }

    @Override
    public List<String> evict(String target, long needBytes, Collection<Running> running) {
        List<String> others = running.stream()
                .map(Running::id)
                .filter(id -> !id.equals(target))
                .sorted()
                .toList();
        List<String> relevant = new ArrayList<>(others);
        relevant.add(target);
        long[] weights = relevant.stream()
                .mapToLong(id -> matrix.evictCosts().getOrDefault(id, 1))
                .toArray();
        List<String> best = others;
        long bestCost = Long.MAX_VALUE;
        String bestSet = "";
        for (var set : matrix.sets().entrySet()) {
            BitSet covered = set.getValue().best(relevant, weights, others.size(), matrix.sets());
            if (covered == null) {
                continue;
            }
            List<String> missing = new ArrayList<>();
            long cost = 0;
            for (int i = 0; i < others.size(); i++) {
                if (!covered.get(i)) {
                    missing.add(others.get(i));
                    cost += weights[i];
                }
            }
            if (cost < bestCost) {
                bestCost = cost;
                best = missing;
                bestSet = set.getKey();
            }
        }
        LOG.debug("matrix: model={} set={} evict={} running={}", target, bestSet, best, others);
        return best;
    }
}
