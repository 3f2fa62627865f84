// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Model name → place: {@code owner/model} where that owner (a node, a backend, {@code local}) has that model, be it there or not; else the exact id. So nobody
 * takes what is meant for another owner by calling a model {@code owner/model}, and an id with slashes of its own, {@code unsloth/Qwen3}, is one like any
 * other. Of the places one where it is loaded, with the fewest running exchanges. Pure.
 */
public final class Router {
    private final Supplier<Catalog> catalog;
    private final BooleanSupplier settling;

    public Router(Supplier<Catalog> catalog) {
        this(catalog, () -> false);
    }

    /** @param settling nodes are on their way: what is missing now may be there in a moment */
    public Router(Supplier<Catalog> catalog, BooleanSupplier settling) {
        this.catalog = catalog;
        this.settling = settling;
    }

    public boolean settling() {
        return settling.getAsBoolean();
    }

    public Catalog catalog() {
        return catalog.get();
    }

    /** @param owner the node that the client asked for, or null */
    public Route route(String name, @Nullable String owner) {
        return route(name, owner, null);
    }

    /** @param not the owner where it was tried already, or null */
    public Route route(String name, @Nullable String owner, @Nullable String not) {
        Catalog now = catalog.get();
        String named = ownerIn(name, owner, now);
        Model model = now.find(named == null ? name : name.substring(named.length() + 1));
        if (model == null) {
            return new Route.Unknown(name);
        }
        String from = named == null ? owner : named;
        List<Place> places = model.places().stream()
                .filter(place -> (from == null || place.owner().equals(from))
                        && !place.owner().equals(not))
                .toList();
        if (places.isEmpty()) {
            return from == null || model.owners().contains(from) ? new Route.Offline(name) : new Route.Unknown(name);
        }
        return places.stream()
                .filter(place -> place.upstream().accepts())
                .min(Comparator.comparing((Place place) -> !place.ready()).thenComparingInt(Place::busy))
                .<Route>map(Route.To::new)
                .orElseGet(
                        () -> places.stream().anyMatch(place -> place.upstream().full())
                                ? new Route.Busy(name)
                                : new Route.Offline(name));
    }

    /** The owner whose {@code owner/model} this is, or null. Owners' names may hold slashes: the longest counts. */
    private static @Nullable String ownerIn(String name, @Nullable String wanted, Catalog now) {
        for (int slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
            String owner = name.substring(0, slash);
            if (now.hasOwner(owner) && (wanted == null || wanted.equals(owner))) {
                Model model = now.find(name.substring(slash + 1));
                if (model != null && model.owners().contains(owner)) {
                    return owner;
                }
            }
        }
        return null;
    }
}
