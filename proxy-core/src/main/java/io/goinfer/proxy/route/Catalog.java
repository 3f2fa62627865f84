// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who serves which model at one moment. Immutable; replaced whole. */
public final class Catalog {
    public static final Catalog EMPTY = new Catalog(java.util.List.of(), Set.of());

    private final Map<String, Model> models = new LinkedHashMap<>();
    private final Set<String> owners;

    /** @param owners names of every node and backend that is known, there or not */
    public Catalog(Collection<Model> models, Set<String> owners) {
        models.forEach(model -> this.models.put(model.id(), model));
        this.owners = Set.copyOf(owners);
    }

    public @Nullable Model find(String id) {
        return models.get(id);
    }

    public Collection<Model> models() {
        return java.util.Collections.unmodifiableCollection(models.values());
    }

    public boolean hasOwner(String name) {
        return owners.contains(name);
    }
}
