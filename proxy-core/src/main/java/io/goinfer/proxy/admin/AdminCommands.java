// SPDX-License-Identifier: MIT
package io.goinfer.proxy.admin;

import io.goinfer.certs.Enrollment;
import io.goinfer.certs.JoinToken;
import io.goinfer.certs.Json;
import io.goinfer.certs.SharedAuthority;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.fleet.Nodes;
import io.goinfer.proxy.keys.ApiKeys;
import io.goinfer.proxy.keys.Role;
import io.goinfer.tunnel.frame.Code;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the command line does with a relay's state: tokens, keys, nodes. The same table for a running relay (asked through {@link LocalSocket}) and for the
 * bare state folder. Blocking.
 */
public final class AdminCommands {
    private static final long DISCONNECT_SECONDS = 5;

    /** A problem for a person; nothing was changed. */
    public static final class Problem extends Exception {
        private static final long serialVersionUID = 1;

        public Problem(String message) {
            super(message);
        }
    }

    /** Rows out; arguments by name in. */
    private interface Command {
        List<Map<String, String>> run(Map<String, String> arguments) throws IOException, Problem;
    }

    private final Map<String, Command> table = new LinkedHashMap<>();
    private final Enrollment enrollment;
    private final ApiKeys keys;
    private final JoinToken.Trust trust;
    private final @Nullable Nodes nodes;
    private final @Nullable Fleet fleet;

    /** @param nodes,fleet null where no relay runs */
    public AdminCommands(
            Enrollment enrollment, ApiKeys keys, JoinToken.Trust trust, @Nullable Nodes nodes, @Nullable Fleet fleet) {
        this.enrollment = enrollment;
        this.keys = keys;
        this.trust = trust;
        this.nodes = nodes;
        this.fleet = fleet;
        table.put("token create", this::tokenCreate);
        table.put("token list", arguments -> enrollment.tokens());
        table.put("token revoke", this::tokenRevoke);
        table.put("keys create", this::keysCreate);
        table.put("keys list", arguments -> keys.list());
        table.put("keys revoke", this::keysRevoke);
        table.put("nodes list", arguments -> nodesList());
        table.put("nodes revoke", this::nodesRevoke);
        table.put("nodes rename", this::nodesRename);
        table.put("certs share", this::certsShare);
        table.put("certs import", this::certsImport);
    }

    public List<Map<String, String>> run(String command, Map<String, String> arguments) throws IOException, Problem {
        Command found = table.get(command);
        if (found == null) {
            throw new Problem("unknown command: " + command);
        }
        return found.run(arguments);
    }

    private List<Map<String, String>> tokenCreate(Map<String, String> arguments) throws IOException, Problem {
        String seconds = arguments.getOrDefault("seconds", "3600");
        if (!seconds.matches("\\d{1,8}")) {
            throw new Problem("lifetime: " + seconds + " (expected: seconds)");
        }
        JoinToken token = enrollment.createToken(Duration.ofSeconds(Long.parseLong(seconds)), trust);
        return List.of(Map.of(
                "token",
                token.text(),
                "id",
                token.id(),
                "expires",
                token.expires().toString()));
    }

    private List<Map<String, String>> tokenRevoke(Map<String, String> arguments) throws IOException, Problem {
        String id = required(arguments, "id");
        if (!enrollment.revokeToken(id)) {
            throw new Problem("no join token " + id + "; goinfer token list shows them");
        }
        return List.of();
    }

    private List<Map<String, String>> keysCreate(Map<String, String> arguments) throws IOException, Problem {
        String name = arguments.getOrDefault("name", "key");
        Role role;
        try {
            role = Role.valueOf(arguments.getOrDefault("role", "user").toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            role = Role.NONE;
        }
        if (role == Role.NONE) {
            throw new Problem("role: " + arguments.get("role") + " (expected: user, admin or metrics)");
        }
        if (!name.matches("[\\w. @-]{1,64}")) {
            throw new Problem("name: letters, digits, ' ', '.', '_', '@', '-', at most 64");
        }
        ApiKeys.Created created = keys.create(name, role);
        return List.of(Map.of("key", created.text(), "id", created.key().id(), "name", name));
    }

    private List<Map<String, String>> keysRevoke(Map<String, String> arguments) throws IOException, Problem {
        String id = required(arguments, "id");
        if (!keys.revoke(id)) {
            throw new Problem(
                    "no key " + id + " among those made with goinfer keys create; goinfer keys list shows them");
        }
        return List.of();
    }

    private List<Map<String, String>> nodesList() {
        List<Map<String, String>> rows = new ArrayList<>();
        for (Enrollment.Node node : enrollment.nodes()) {
            List<Nodes.Connected> sessions = nodes == null
                    ? List.of()
                    : nodes.connected().stream()
                            .filter(one -> one.nodeId().equals(node.id()))
                            .toList();
            if (sessions.isEmpty()) {
                String state = node.revoked() ? "revoked" : nodes == null ? "unknown (no relay runs)" : "offline";
                rows.add(row(node, state, Map.of()));
            }
            sessions.forEach(one -> {
                Map<String, String> figures = NodeFigures.of(one);
                if (nodes != null && fleet != null) {
                    figures.put("resumed", Long.toString(nodes.resumed(node.id())));
                    figures.put("retried", Integer.toString(fleet.retried(node.id())));
                }
                rows.add(row(node, one.session().suspect() ? "suspect" : "connected", figures));
            });
        }
        return rows;
    }

    private static Map<String, String> row(Enrollment.Node node, String state, Map<String, String> figures) {
        Map<String, String> row = new LinkedHashMap<>();
        row.put("name", node.name());
        row.put("state", state);
        row.put("enrolled", node.enrolled().toString());
        row.putAll(figures);
        row.put("id", node.id());
        return row;
    }

    private List<Map<String, String>> nodesRevoke(Map<String, String> arguments) throws IOException, Problem {
        Enrollment.Node node = node(arguments);
        enrollment.revoke(node);
        disconnect(List.of(node.id()));
        return List.of();
    }

    /** All at once: one whose session does not end in time keeps none of the others. */
    private void disconnect(List<String> ids) throws IOException {
        Nodes connected = nodes;
        if (connected == null) {
            return;
        }
        CompletableFuture<?>[] ended = ids.stream()
                .map(id -> connected.disconnect(id, Code.REVOKED, "this node was revoked"))
                .toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.allOf(ended).get(DISCONNECT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("revoked, but a session did not end in time; goinfer nodes list shows it", e);
        }
    }

    private List<Map<String, String>> nodesRename(Map<String, String> arguments) throws IOException, Problem {
        Enrollment.Node node = node(arguments);
        String name = required(arguments, "name");
        if (!enrollment.rename(node, name)) {
            throw new Problem("name " + name + " is taken, or not letters, digits, '.', '_', '-'");
        }
        if (fleet != null) {
            fleet.rename(node.id(), name);
        }
        return List.of();
    }

    private List<Map<String, String>> certsShare(Map<String, String> arguments) throws IOException {
        enrollment.share();
        return List.of();
    }

    /** Of {@link SharedAuthority#members}: one row of what changed. */
    private List<Map<String, String>> certsImport(Map<String, String> arguments) throws IOException, Problem {
        if (!enrollment.isAuthority(required(arguments, SharedAuthority.CERTIFICATE))) {
            throw new Problem("this relay has another certificate authority, and nodes may be enrolled here;"
                    + " import into a new state folder");
        }
        List<Map<String, String>> theirNodes = Json.read(arguments.getOrDefault(SharedAuthority.NODES, "[]"));
        List<Map<String, String>> theirKeys = Json.read(arguments.getOrDefault(SharedAuthority.KEYS, "[]"));
        // Both or neither: the nodes are looked at before any of them is taken.
        ApiKeys.check(theirKeys);
        Map<String, String> before = names();
        List<String> revoked = enrollment.merge(theirNodes);
        enrollment.share();
        ApiKeys.Merged merged = keys.merge(theirKeys);
        Map<String, String> after = names();
        after.forEach((id, name) -> {
            if (fleet != null && !name.equals(before.getOrDefault(id, name))) {
                fleet.rename(id, name);
            }
        });
        disconnect(revoked);
        return List.of(Map.of(
                "nodes", Integer.toString(after.size() - before.size()),
                "revoked nodes", Integer.toString(revoked.size()),
                "keys", Integer.toString(merged.added()),
                "revoked keys", Integer.toString(merged.revoked())));
    }

    /** By id. */
    private Map<String, String> names() {
        return enrollment.nodes().stream().collect(Collectors.toMap(Enrollment.Node::id, Enrollment.Node::name));
    }

    private Enrollment.Node node(Map<String, String> arguments) throws Problem {
        String wanted = required(arguments, "node");
        Optional<Enrollment.Node> node = enrollment.find(wanted);
        return node.orElseThrow(() -> new Problem("no node " + wanted + "; goinfer nodes list shows them"));
    }

    private static String required(Map<String, String> arguments, String name) throws Problem {
        String value = arguments.get(name);
        if (value == null || value.isBlank()) {
            throw new Problem(name + " is missing");
        }
        return value;
    }
}
