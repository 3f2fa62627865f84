// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * llama-swap.yml as values: macros expanded, defaults filled in, names resolved. Every collection is a copy.
 *
 * @param models in the order of their ids
 * @param profiles,selectors,peers as written
 * @param preload ids of models to start at once
 * @param apiKeys valid on this process's own listeners; held only to be hashed
 */
public record SwapConfig(
        Settings settings,
        Map<String, Model> models,
        Routing routing,
        Map<String, Profile> profiles,
        Map<String, Selector> selectors,
        Map<String, Peer> peers,
        List<String> preload,
        List<String> apiKeys) {
    public SwapConfig {
        models = sorted(models);
        profiles = sorted(profiles);
        selectors = sorted(selectors);
        peers = sorted(peers);
        preload = List.copyOf(preload);
        apiKeys = List.copyOf(apiKeys);
    }

    private static <V> Map<String, V> sorted(Map<String, V> map) {
        return Collections.unmodifiableMap(new TreeMap<>(map));
    }

    private static <V> Map<String, V> ordered(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    @Override
    public String toString() {
        return "SwapConfig[" + models.keySet() + ", " + routing + ", " + apiKeys.size() + " keys]";
    }

    /**
     * What stands at the top.
     *
     * @param aliasesInList aliases become rows of /v1/models
     * @param ignorePaths patterns of paths below /upstream that do not load a model
     * @param logToStdout proxy, upstream, both or none
     * @param metricsInMemory activity rows that are kept
     * @param captureMegabytes kept requests and answers, 0 = none
     * @param storePath SQLite file of the activity, or null
     * @param performanceEvery how often the machine is measured; null = switched off
     * @param sessionIdHeaders for the web page's list of running requests
     */
    public record Settings(
            Duration healthCheckTimeout,
            int startPort,
            boolean aliasesInList,
            List<String> ignorePaths,
            String logLevel,
            String logTimeFormat,
            String logToStdout,
            int metricsInMemory,
            int captureMegabytes,
            @Nullable String storePath,
            @Nullable Duration performanceEvery,
            List<String> sessionIdHeaders) {
        /** What browsers ask for beside a page. */
        public static final List<String> IGNORED_PATHS = List.of(".*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$");

        public Settings {
            ignorePaths = List.copyOf(ignorePaths);
            sessionIdHeaders = List.copyOf(sessionIdHeaders);
        }
    }

    /**
     * @param start how its server is started and reached
     * @param filters of its JSON requests
     * @param ttl zero = never unloaded
     * @param unlisted not in lists, but can be called
     * @param useModelName what the backend calls it, or null
     * @param concurrencyLimit requests admitted at once, waiting ones included
     * @param sendLoadingState streaming chat clients are told how far the load is
     * @param ignoreWebsockets WebSockets do not count as use
     * @param metadata a JSON object, or ""
     */
    public record Model(
            String id,
            Start start,
            Set<String> aliases,
            Filters filters,
            Duration ttl,
            Duration unloadTimeout,
            boolean unlisted,
            @Nullable String useModelName,
            String name,
            String description,
            int concurrencyLimit,
            boolean sendLoadingState,
            boolean ignoreWebsockets,
            String metadata,
            Capabilities capabilities,
            Timeouts timeouts) {
        public Model {
            aliases = Collections.unmodifiableSet(new LinkedHashSet<>(aliases));
        }
    }

    /**
     * @param command words; {@code ${PORT}} stays in them until the model starts. Empty: {@code proxy} is a server that already runs
     * @param stopCommand empty = SIGTERM; {@code ${PID}} stays in it
     * @param proxy base URL; may hold {@code ${PORT}}
     * @param port the one that llama-swap would give it; another is taken if that is in use; 0 = the command names none
     * @param environment {@code NAME=value}, added to ours
     * @param checkEndpoint path of the readiness probe, "" = ready at once
     */
    public record Start(
            List<String> command,
            List<String> stopCommand,
            String proxy,
            int port,
            List<String> environment,
            String checkEndpoint) {
        public Start {
            command = List.copyOf(command);
            stopCommand = List.copyOf(stopCommand);
            environment = List.copyOf(environment);
        }
    }

    /**
     * What is changed in a JSON request. Names are sjson paths.
     *
     * @param strip taken out, sorted
     * @param set put in, as JSON, sorted
     * @param setById requested name → what is put in for it
     */
    public record Filters(List<String> strip, Map<String, String> set, Map<String, Map<String, String>> setById) {
        public static final Filters NONE = new Filters(List.of(), Map.of(), Map.of());

        public Filters {
            strip = List.copyOf(strip);
            set = sorted(set);
            Map<String, Map<String, String>> copy = new TreeMap<>();
            setById.forEach((name, values) -> copy.put(name, sorted(values)));
            setById = Collections.unmodifiableMap(copy);
        }

        public boolean isEmpty() {
            return strip.isEmpty() && set.isEmpty() && setById.isEmpty();
        }
    }

    /** What a model can do, as lists show it. @param context tokens, 0 = not said */
    public record Capabilities(List<String> in, List<String> out, boolean tools, boolean reranker, int context) {
        public static final Capabilities NONE = new Capabilities(List.of(), List.of(), false, false, 0);

        public Capabilities {
            in = List.copyOf(in);
            out = List.copyOf(out);
        }
    }

    /** In seconds, 0 = none. */
    public record Timeouts(
            int connect, int keepalive, int responseHeader, int tlsHandshake, int expectContinue, int idleConn) {
        public static final Timeouts MODEL = new Timeouts(30, 30, 0, 10, 1, 90);
        static final Timeouts PEER = new Timeouts(30, 30, 60, 10, 1, 90);
    }

    /**
     * Who may run beside whom.
     *
     * @param groups as written; a model in none is in llama-swap's {@code (default)} group
     * @param matrix null where the groups decide
     * @param priority id → the higher is served first; absent = 0
     */
    public record Routing(List<Group> groups, @Nullable Matrix matrix, Map<String, Integer> priority) {
        public static final Routing NONE = new Routing(List.of(), null, Map.of());

        public Routing {
            groups = List.copyOf(groups);
            priority = sorted(priority);
        }
    }

    /**
     * @param swap one member at a time
     * @param exclusive loading a member unloads the other groups
     * @param persistent no other group unloads its members
     */
    public record Group(String name, boolean swap, boolean exclusive, boolean persistent, Set<String> members) {
        public Group {
            members = Collections.unmodifiableSet(new LinkedHashSet<>(members));
        }
    }

    /**
     * @param vars short name → id
     * @param evictCosts id → cost of unloading it; absent = 1
     * @param sets in the order in which they are tried: name → expression
     */
    public record Matrix(Map<String, String> vars, Map<String, Integer> evictCosts, Map<String, SetExpression> sets) {
        public Matrix {
            vars = sorted(vars);
            evictCosts = sorted(evictCosts);
            sets = ordered(sets);
        }
    }

    /** @param pins requested name → name of a model or selector; "" = nothing, 404 */
    public record Profile(String name, String description, Map<String, String> pins) {
        public Profile {
            pins = sorted(pins);
        }
    }

    /** How a selector chooses among its targets. */
    public enum Strategy {
        /** Always the first. */
        PIN,
        /** The first that is loaded, else the first that is loading, else the first. */
        WARM,
        /** The least used of those in use, until each has {@code spillover} requests; then the next. */
        SPILLOVER
    }

    /** @param targets names as written; the first is preferred */
    public record Selector(
            String id,
            Strategy strategy,
            List<String> targets,
            int spillover,
            String name,
            String description,
            boolean unlisted,
            String metadata) {
        public Selector {
            targets = List.copyOf(targets);
        }
    }

    /** Another server with its key; parsed and shown, not served by this version. */
    public record Peer(
            String id, String proxy, List<String> models, boolean hasKey, Filters filters, Timeouts timeouts) {
        public Peer {
            models = List.copyOf(models);
        }
    }

    /** Every name that means a model → its id: ids, aliases, names of setParamsByID. Ids win. */
    public Map<String, String> names() {
        Map<String, String> names = new LinkedHashMap<>();
        for (Model model : models.values()) {
            model.aliases().forEach(alias -> names.put(alias, model.id()));
            model.filters().setById().keySet().forEach(name -> names.put(name, model.id()));
        }
        models.keySet().forEach(id -> names.put(id, id));
        return names;
    }

    /** For lists: ids that are no model of their own. */
    public List<String> otherNames(Model model) {
        Set<String> names = new LinkedHashSet<>(model.aliases());
        names.addAll(model.filters().setById().keySet());
        names.remove(model.id());
        return new ArrayList<>(names);
    }

    /** Without a file nothing is captured or measured: a relay that only passes requests on keeps none of them. */
    private static final Settings DEFAULTS = new Settings(
            Duration.ofSeconds(120),
            5_800,
            false,
            Settings.IGNORED_PATHS,
            "info",
            "",
            "proxy",
            1_000,
            0,
            null,
            null,
            List.of("X-Session-ID", "X-Litellm-Session-Id"));

    static Settings defaults() {
        return DEFAULTS;
    }

    /** A llama-server, everything else as it is by default. */
    public static Model simple(String id, List<String> command, int port) {
        return new Model(
                id,
                new Start(command, List.of(), "http://127.0.0.1:${PORT}", port, List.of(), "/health"),
                Set.of(),
                Filters.NONE,
                Duration.ZERO,
                Duration.ofSeconds(10),
                false,
                null,
                "",
                "",
                16,
                false,
                false,
                "",
                Capabilities.NONE,
                Timeouts.MODEL);
    }

    /** These models beside those; of one id those here stay. */
    public SwapConfig and(SwapConfig other) {
        Map<String, Model> all = new TreeMap<>(other.models());
        all.putAll(models);
        return new SwapConfig(settings, all, routing, profiles, selectors, peers, preload, apiKeys);
    }

    public static SwapConfig empty() {
        return of(DEFAULTS, Map.of());
    }

    /** Models alone, in the default group. */
    public static SwapConfig of(Settings settings, Map<String, Model> models) {
        return new SwapConfig(settings, models, Routing.NONE, Map.of(), Map.of(), Map.of(), List.of(), List.of());
    }
}
