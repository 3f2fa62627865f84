// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Model name → place (contract, Names): exact id first, then {@code owner/model}; of the places one where it is loaded, with the fewest running exchanges. Pure. */
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
        Model model = now.find(name);
        String wanted = owner;
        if (model == null) {
            // The longest owner name that is a prefix: names may hold slashes on either side.
            for (int slash = name.lastIndexOf('/');
                    slash > 0 && model == null;
                    slash = name.lastIndexOf('/', slash - 1)) {
                if (now.hasOwner(name.substring(0, slash))
                        && (owner == null || owner.equals(name.substring(0, slash)))) {
                    wanted = name.substring(0, slash);
                    model = now.find(name.substring(slash + 1));
                }
            }
        }
        if (model == null) {
            return new Route.Unknown(name);
        }
        String from = wanted;
        List<Place> places = model.places().stream()
                .filter(place -> (from == null || place.owner().equals(from))
                        && !place.owner().equals(not))
                .toList();
        if (places.isEmpty()) {
            return from != null && !(now.hasOwner(from) && model.places().isEmpty())
                    ? new Route.Unknown(name)
                    : new Route.Offline(name);
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
}
