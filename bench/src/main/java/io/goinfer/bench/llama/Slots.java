// SPDX-License-Identifier: MIT
package io.goinfer.bench.llama;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;

/** Slots with their prefix caches, and the unbounded queue in front of them, as llama-server has it. Confined to the server's loop. */
final class Slots {
    private final Queue<Generation> deferred = new ArrayDeque<>();
    private final Map<Integer, String> cache = new HashMap<>();
    private final boolean[] busy;

    Slots(int count) {
        busy = new boolean[count];
    }

    /** Starts it now or when a slot is free. */
    void enter(Generation generation) {
        deferred.add(generation);
        startNext();
    }

    void leave(Generation generation, int slot) {
        if (slot >= 0) {
            busy[slot] = false;
            cache.put(slot, generation.prompt());
        } else {
            deferred.remove(generation);
        }
        startNext();
    }

    int deferredCount() {
        return deferred.size();
    }

    int busyCount() {
        int count = 0;
        for (boolean one : busy) {
            count += one ? 1 : 0;
        }
        return count;
    }

    int count() {
        return busy.length;
    }

    private void startNext() {
        for (int slot = 0; slot < busy.length && !deferred.isEmpty(); slot++) {
            if (!busy[slot]) {
                busy[slot] = true;
                Generation next = deferred.remove();
                next.start(slot, cached(cache.getOrDefault(slot, ""), next.prompt()));
            }
        }
    }

    /** Tokens of the common prefix; a token is about four bytes. */
    private static int cached(String before, String now) {
        int length = Math.min(before.length(), now.length());
        int same = 0;
        while (same < length && before.charAt(same) == now.charAt(same)) {
            same++;
        }
        return same / 4;
    }
}
