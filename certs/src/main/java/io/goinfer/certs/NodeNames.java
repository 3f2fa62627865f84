// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Names that are being given away: nobody else gets them until their rows are durable. Thread-safe; never waits for the disk. */
final class NodeNames {
    private final Set<String> promised = new HashSet<>();

    /**
     * A free name like the wished one. Call {@link #kept} when its row is there, or will not be.
     *
     * @param taken says which names nodes have
     */
    synchronized String promise(String wished, Predicate<String> taken) {
        String name = wished;
        for (int i = 2; isTaken(name, taken); i++) {
            name = wished + "-" + i;
        }
        promised.add(name);
        return name;
    }

    /** False: it is not free. */
    synchronized boolean promiseExactly(String name, Predicate<String> taken) {
        return !isTaken(name, taken) && promised.add(name);
    }

    private boolean isTaken(String name, Predicate<String> taken) {
        return promised.contains(name) || taken.test(name);
    }

    synchronized void kept(Collection<String> names) {
        promised.removeAll(names);
    }

    void kept(String name) {
        kept(List.of(name));
    }
}
