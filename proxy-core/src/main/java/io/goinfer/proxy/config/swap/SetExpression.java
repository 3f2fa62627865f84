// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A set of llama-swap's matrix: which models may run together. {@code a | b & c} means {a} or {b, c}; {@code +name} is another set. Solved without
 * writing the combinations out: only what of the running models a combination covers is kept, and of those only what no other covers too. Pure.
 */
public sealed interface SetExpression {
    record Model(String id) implements SetExpression {}

    record AllOf(List<SetExpression> parts) implements SetExpression {
        boolean isDisjoint(List<String> relevant, Map<String, SetExpression> sets) {
            Set<String> seen = new LinkedHashSet<>();
            for (SetExpression part : parts) {
                for (String id : part.models(sets)) {
                    if (relevant.contains(id) && !seen.add(id)) {
                        return false;
                    }
                }
            }
            return true;
        }
    }

    record OneOf(List<SetExpression> parts) implements SetExpression {}

    /** Set, in its text, that it refers to. */
    record Reference(String set) implements SetExpression {}

    /** Every id in it, references followed. */
    default Set<String> models(Map<String, SetExpression> sets) {
        Set<String> ids = new LinkedHashSet<>();
        collect(this, sets, ids);
        return ids;
    }

    private static void collect(SetExpression expression, Map<String, SetExpression> sets, Set<String> ids) {
        if (expression instanceof Model model) {
            ids.add(model.id());
        } else if (expression instanceof AllOf all) {
            all.parts().forEach(part -> collect(part, sets, ids));
        } else if (expression instanceof OneOf one) {
            one.parts().forEach(part -> collect(part, sets, ids));
        } else if (expression instanceof Reference reference && sets.containsKey(reference.set())) {
            collect(sets.get(reference.set()), sets, ids);
        }
    }

    /**
     * What the combinations cover of the given models, in the order of the expression; what another covers wholly is left out.
     *
     * @param relevant models that matter; the bits of the result are their indices
     */
    default List<BitSet> covers(List<String> relevant, Map<String, SetExpression> sets) {
        if (this instanceof Model model) {
            BitSet bits = new BitSet();
            int index = relevant.indexOf(model.id());
            if (index >= 0) {
                bits.set(index);
            }
            return List.of(bits);
        }
        if (this instanceof Reference reference) {
            return java.util.Objects.requireNonNull(sets.get(reference.set()), "checked when it was read")
                    .covers(relevant, sets);
        }
        List<BitSet> result = new ArrayList<>();
        if (this instanceof OneOf one) {
            one.parts().forEach(part -> result.addAll(part.covers(relevant, sets)));
            return undominated(result);
        }
        result.add(new BitSet());
        List<BitSet> all = result;
        for (SetExpression part : ((AllOf) this).parts()) {
            List<BitSet> next = new ArrayList<>();
            List<BitSet> more = part.covers(relevant, sets);
            for (BitSet left : all) {
                for (BitSet right : more) {
                    BitSet both = (BitSet) left.clone();
                    both.or(right);
                    next.add(both);
                }
            }
            all = undominated(next);
        }
        return all;
    }

    /**
     * The combination whose covered models weigh most; of equals the first of the expression. Parts that share no relevant model are solved one by one, so
     * that the number of combinations does not matter.
     *
     * @param weights of the relevant models
     * @param required index of a model that it must hold, -1 = none
     * @return null: no combination holds it
     */
    default @Nullable BitSet best(
            List<String> relevant, long[] weights, int required, Map<String, SetExpression> sets) {
        if (this instanceof Reference reference) {
            return java.util.Objects.requireNonNull(sets.get(reference.set()), "checked when it was read")
                    .best(relevant, weights, required, sets);
        }
        if (this instanceof AllOf all && all.isDisjoint(relevant, sets)) {
            BitSet together = new BitSet();
            for (SetExpression part : all.parts()) {
                boolean holds = required >= 0 && part.models(sets).contains(relevant.get(required));
                BitSet one = part.best(relevant, weights, holds ? required : -1, sets);
                if (one != null) {
                    together.or(one);
                }
            }
            return required < 0 || together.get(required) ? together : null;
        }
        List<BitSet> candidates;
        if (this instanceof OneOf one) {
            candidates = new ArrayList<>();
            for (SetExpression part : one.parts()) {
                BitSet best = part.best(relevant, weights, required, sets);
                if (best != null) {
                    candidates.add(best);
                }
            }
        } else {
            candidates = covers(relevant, sets);
        }
        BitSet heaviest = null;
        long most = -1;
        for (BitSet candidate : candidates) {
            long weight = candidate.stream().mapToLong(i -> weights[i]).sum();
            if ((required < 0 || candidate.get(required)) && weight > most) {
                most = weight;
                heaviest = candidate;
            }
        }
        return heaviest;
    }

    private static List<BitSet> undominated(List<BitSet> all) {
        List<BitSet> kept = new ArrayList<>();
        for (BitSet one : all) {
            if (kept.stream().noneMatch(other -> covers(other, one))) {
                kept.removeIf(other -> covers(one, other));
                kept.add(one);
            }
        }
        return kept;
    }

    private static boolean covers(BitSet large, BitSet small) {
        BitSet missing = (BitSet) small.clone();
        missing.andNot(large);
        return missing.isEmpty();
    }

    /**
     * Reads an expression.
     *
     * @param id turns a name into a model's id, or throws IllegalArgumentException
     * @throws IllegalArgumentException with a text for a person
     */
    static SetExpression parse(String text, Function<String, String> id) {
        return new SetExpressionParser(text, id).parse();
    }
}
