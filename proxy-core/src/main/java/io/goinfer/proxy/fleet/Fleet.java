// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import io.goinfer.proxy.model.ModelInfo;
import io.goinfer.proxy.model.ModelsJson;
import io.goinfer.proxy.route.Catalog;
import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.upstream.Upstream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Owners of models (nodes and local backends) in the order in which they came, and the catalog made of them. Changes are serialised and publish one
 * immutable {@link Catalog}; readers on any loop need no lock.
 */
public final class Fleet {
    /** A lost owner's models stay in lists this long, */
    private static final Duration LISTED = Duration.ofSeconds(60);

    /** and known, answered 503 instead of 404, this long. */
    private static final Duration KNOWN = Duration.ofHours(24);

    private static final int MOST_MISSING = 10_000;

    private static final class Owner {
        private String name;
        private final Upstream upstream;
        private final AtomicInteger running = new AtomicInteger();
        private final AtomicInteger load = new AtomicInteger();
        private final AtomicInteger retried = new AtomicInteger();
        private List<ModelInfo> models = List.of();
        private @Nullable Instant lostAt;
        private boolean awaited = true;

        /** What it had, and is not able to tell about now. */
        private final Map<String, Missing> missing = new LinkedHashMap<>();

        Owner(String name, Upstream upstream) {
            this.name = name;
            this.upstream = upstream;
        }
    }

    private record Missing(ModelInfo model, Instant since) {}

    private final InstantSource clock;
    private final Map<String, Owner> owners = new LinkedHashMap<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile Catalog catalog = Catalog.EMPTY;

    public Fleet(InstantSource clock) {
        this.clock = clock;
    }

    public Catalog catalog() {
        return catalog;
    }

    /** Called after each change, on the thread that made it. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** Adds an owner, or renames it. */
    public void add(String id, String name, Upstream upstream) {
        synchronized (this) {
            Owner owner = owners.computeIfAbsent(id, key -> new Owner(name, upstream));
            owner.name = name;
            publish();
        }
        tell();
    }

    /** What an owner has now; {@code there} false keeps what it had as known. */
    public void update(String id, List<ModelInfo> models, boolean there) {
        update(id, new ModelsJson.Listing(models, false), there);
    }

    /** What an owner has now; {@code there} false keeps what it had as known, and so does a partial listing with what is not in it. */
    public void update(String id, ModelsJson.Listing listing, boolean there) {
        synchronized (this) {
            Owner owner = owners.get(id);
            if (owner == null) {
                return;
            }
            if (there) {
                keepMissing(owner, listing);
                owner.models = List.copyOf(listing.models());
                owner.lostAt = null;
                owner.awaited = false;
            } else if (owner.lostAt == null) {
                owner.lostAt = clock.instant();
            }
            publish();
        }
        tell();
    }

    private void keepMissing(Owner owner, ModelsJson.Listing next) {
        if (!next.partial()) {
            owner.missing.clear();
            return;
        }
        Instant since = owner.lostAt == null ? clock.instant() : owner.lostAt;
        for (ModelInfo model : owner.models) {
            if (owner.missing.size() < MOST_MISSING) {
                owner.missing.putIfAbsent(model.id(), new Missing(model, since));
            }
        }
        next.models().forEach(model -> owner.missing.remove(model.id()));
    }

    /** An owner will tell more than it has told so far. */
    public synchronized void awaits(String id) {
        Owner owner = owners.get(id);
        if (owner != null) {
            owner.awaited = true;
        }
    }

    /** Forgets an owner at once. */
    public void remove(String id) {
        synchronized (this) {
            owners.remove(id);
            publish();
        }
        tell();
    }

    public void rename(String id, String name) {
        synchronized (this) {
            Owner owner = owners.get(id);
            if (owner != null) {
                owner.name = name;
                publish();
            }
        }
        tell();
    }

    /** To be called every few seconds: lost models leave lists and memory as time passes. */
    public synchronized void tick() {
        if (owners.values().stream().anyMatch(owner -> owner.lostAt != null || !owner.missing.isEmpty())) {
            publish();
        }
    }

    /** Requests at work and waiting at an owner, as it tells. */
    public synchronized void load(String id, int requests) {
        Owner owner = owners.get(id);
        if (owner != null) {
            owner.load.set(requests);
        }
    }

    /** Running exchanges of an owner. */
    public synchronized int running(String id) {
        Owner owner = owners.get(id);
        return owner == null ? 0 : owner.running.get();
    }

    /** Exchanges that an owner lost and that were sent once more. */
    public synchronized int retried(String id) {
        Owner owner = owners.get(id);
        return owner == null ? 0 : owner.retried.get();
    }

    /** Owners that are there and answer for themselves, by name. */
    public synchronized Map<String, Upstream> controls() {
        Map<String, Upstream> all = new LinkedHashMap<>();
        for (Owner owner : owners.values()) {
            Upstream control = owner.lostAt == null && owner.upstream.accepts() ? owner.upstream.control() : null;
            if (control != null) {
                all.put(owner.name, control);
            }
        }
        return all;
    }

    /** Everything that is there now, for a node's MODELS. Partial while an owner is gone or has not told yet. */
    public synchronized ModelsJson.Listing present() {
        boolean partial = false;
        Map<String, ModelInfo> models = new LinkedHashMap<>();
        for (Owner owner : owners.values()) {
            partial |= owner.awaited || owner.lostAt != null;
            if (owner.lostAt == null) {
                owner.models.forEach(model -> models.putIfAbsent(model.id(), model));
            }
        }
        return new ModelsJson.Listing(List.copyOf(models.values()), partial);
    }

    private void publish() {
        Instant now = clock.instant();
        Map<String, List<Place>> places = new LinkedHashMap<>();
        Map<String, String> rows = new LinkedHashMap<>();
        Map<String, Boolean> listed = new LinkedHashMap<>();
        Map<String, Set<String>> having = new HashMap<>();
        List<String> names = new ArrayList<>();
        for (Owner owner : owners.values()) {
            names.add(owner.name);
            Duration lost = owner.lostAt == null ? Duration.ZERO : Duration.between(owner.lostAt, now);
            if (lost.compareTo(KNOWN) > 0) {
                continue;
            }
            for (ModelInfo model : owner.models) {
                List<Place> of = places.computeIfAbsent(model.id(), id -> new ArrayList<>());
                if (owner.lostAt == null) {
                    boolean ready = model.state() == ModelInfo.State.LOADED || model.state() == ModelInfo.State.UNKNOWN;
                    of.add(new Place(
                            owner.name,
                            model.ownId(),
                            model.bodyName(),
                            ready,
                            model.loadingState(),
                            owner.upstream,
                            owner.running,
                            owner.load,
                            owner.retried));
                }
                rows.putIfAbsent(model.id(), ModelsJson.row(model, owner.name));
                having.computeIfAbsent(model.id(), id -> new HashSet<>()).add(owner.name);
                listed.merge(model.id(), model.listed() && lost.compareTo(LISTED) <= 0, Boolean::logicalOr);
            }
            owner.missing
                    .values()
                    .removeIf(one -> Duration.between(one.since(), now).compareTo(KNOWN) > 0);
            for (Missing one : owner.missing.values()) {
                ModelInfo model = one.model();
                boolean recent = Duration.between(one.since(), now).compareTo(LISTED) <= 0;
                places.computeIfAbsent(model.id(), id -> new ArrayList<>());
                rows.putIfAbsent(model.id(), ModelsJson.row(model, owner.name));
                having.computeIfAbsent(model.id(), id -> new HashSet<>()).add(owner.name);
                listed.merge(model.id(), model.listed() && recent, Boolean::logicalOr);
            }
        }
        List<Model> models = new ArrayList<>();
        places.forEach((id, of) -> models.add(new Model(
                id,
                rows.getOrDefault(id, "{}"),
                of,
                having.getOrDefault(id, Set.of()),
                listed.getOrDefault(id, false))));
        catalog = new Catalog(models, new HashSet<>(names));
    }

    private void tell() {
        listeners.forEach(Runnable::run);
    }
}
