// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Requests in front of one server, in the order in which they came: llama-server itself notices late or never that somebody left its queue, so it gets
 * no more than it runs at once. Confined to one loop.
 */
public final class SlotQueue {
    /** One request. {@code weight} 0 = not known yet. */
    public interface Entry {
        boolean inference();

        int weight();
    }

    private final Set<Entry> waiting = new LinkedHashSet<>();
    private int slots;
    private int used;

    /** @param count 0 = no limit */
    public void slots(int count) {
        slots = count;
    }

    public int slots() {
        return slots;
    }

    public int used() {
        return used;
    }

    public int waiting() {
        return waiting.size();
    }

    public void add(Entry entry) {
        waiting.add(entry);
    }

    /** It left before it was granted. */
    public boolean remove(Entry entry) {
        return waiting.remove(entry);
    }

    /** It was granted and is over. */
    public void done(Entry entry) {
        used -= taken(entry);
    }

    public List<Entry> removeAll() {
        List<Entry> all = List.copyOf(waiting);
        waiting.clear();
        return all;
    }

    /** Grants what there is room for; {@code grant} must not come back here. What needs no slot passes; what does not fit holds up who came later. */
    public void fill(Consumer<Entry> grant) {
        boolean blocked = false;
        for (Iterator<Entry> each = waiting.iterator(); each.hasNext(); ) {
            Entry entry = each.next();
            boolean known = !entry.inference() || entry.weight() > 0;
            boolean room = !entry.inference() || slots == 0 || !blocked && used + taken(entry) <= slots;
            if (known && room) {
                each.remove();
                used += taken(entry);
                grant.accept(entry);
            } else {
                blocked |= known;
            }
        }
    }

    /** More than there are: all of them. */
    private int taken(Entry entry) {
        return entry.inference() ? slots == 0 ? entry.weight() : Math.min(entry.weight(), slots) : 0;
    }
}
