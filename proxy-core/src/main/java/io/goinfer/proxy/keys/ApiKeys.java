// SPDX-License-Identifier: MIT
package io.goinfer.proxy.keys;

import io.goinfer.certs.Records;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Keys of goinfer.yml (hashed in memory) and of {@code keys.json} (stored hashed). Keys are 256 random bits, so one SHA-256 is enough. Lookups read one
 * immutable snapshot; changes are durable before they count.
 */
public final class ApiKeys {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String REVOKED = "revoked";
    private static final Pattern ROW_ID = Pattern.compile("[0-9a-f]{8}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private record Entry(byte[] hash, ApiKey key) {}

    /** A new key: the only time its text is seen. */
    public record Created(ApiKey key, String text) {}

    /** Keys that are new here, and keys that are revoked since now. */
    public record Merged(int added, int revoked) {}

    private final Records records;
    private final InstantSource clock;
    private final List<Entry> configured = new ArrayList<>();
    private volatile List<Entry> entries = List.of();

    /** @param fromConfig role or service → key */
    public ApiKeys(Path folder, Map<String, String> fromConfig, InstantSource clock) throws IOException {
        this.records = new Records(folder.resolve("keys.json"));
        this.clock = clock;
        fromConfig.forEach((name, text) -> {
            Role role = name.equals("admin")
                    ? Role.ADMIN
                    : name.equals("metrics")
                            ? Role.METRICS
                            : name.startsWith("llama-swap") ? Role.LLAMA_SWAP : Role.USER;
            configured.add(new Entry(hash(text), new ApiKey("config-" + name, name, role)));
        });
        refresh();
    }

    public boolean hasAdmin() {
        return entries.stream().anyMatch(entry -> entry.key().role() == Role.ADMIN);
    }

    /** Constant time in the key: every entry is compared. */
    public Optional<ApiKey> find(String text) {
        byte[] presented = hash(text);
        ApiKey found = null;
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(entry.hash(), presented)) {
                found = entry.key();
            }
        }
        return Optional.ofNullable(found);
    }

    public synchronized Created create(String name, Role role) throws IOException {
        byte[] secret = new byte[32];
        byte[] id = new byte[4];
        RANDOM.nextBytes(secret);
        RANDOM.nextBytes(id);
        String text = HexFormat.of().formatHex(secret);
        Map<String, String> row = new LinkedHashMap<>();
        row.put("id", HexFormat.of().formatHex(id));
        row.put("name", name);
        row.put("role", roleName(role));
        row.put("sha256", HexFormat.of().formatHex(hash(text)));
        row.put("created", clock.instant().toString());
        records.put(row);
        refresh();
        return new Created(new ApiKey(row.getOrDefault("id", ""), name, role), text);
    }

    /** By id or name; false if there is none or it stands in the configuration. */
    public synchronized boolean revoke(String idOrName) throws IOException {
        Optional<Map<String, String>> row = stored().stream()
                .filter(r -> idOrName.equals(r.get("id")) || idOrName.equals(r.get("name")))
                .findFirst();
        if (row.isPresent()) {
            records.put(
                    revoked(row.get().getOrDefault("id", ""), clock.instant().toString()));
            refresh();
        }
        return row.isPresent();
    }

    /** What stays of a key: another relay may still have it, and must not bring it back. */
    private static Map<String, String> revoked(String id, String at) {
        Map<String, String> row = new LinkedHashMap<>();
        row.put("id", id);
        row.put(REVOKED, at);
        return row;
    }

    /**
     * Keys that another relay with the same state has. What was revoked at either stays so.
     *
     * @param others rows of its {@code keys.json}
     * @return how many keys came, and how many went
     * @throws IOException if a row is no key's; then nothing was changed
     */
    public synchronized Merged merge(List<Map<String, String>> others) throws IOException {
        check(others);
        Map<String, Map<String, String>> own = new LinkedHashMap<>();
        records.all().forEach(row -> own.put(row.getOrDefault("id", ""), row));
        List<Map<String, String>> changed = new ArrayList<>();
        int gone = 0;
        for (Map<String, String> other : others) {
            Map<String, String> mine = own.get(other.getOrDefault("id", ""));
            boolean ends = mine != null && !mine.containsKey(REVOKED) && other.containsKey(REVOKED);
            if (mine == null || ends) {
                changed.add(other);
                gone += ends ? 1 : 0;
            }
        }
        int added =
                (int) changed.stream().filter(row -> !row.containsKey(REVOKED)).count();
        records.putAll(changed);
        refresh();
        return new Merged(added, gone);
    }

    /** @throws IOException if one of the rows is no key's */
    public static void check(List<Map<String, String>> rows) throws IOException {
        for (Map<String, String> row : rows) {
            boolean gone = row.containsKey(REVOKED);
            boolean good = ROW_ID.matcher(row.getOrDefault("id", "")).matches()
                    && (gone || HASH.matcher(row.getOrDefault("sha256", "")).matches())
                    && (gone || isRole(row.getOrDefault("role", "")));
            if (!good) {
                throw new IOException("this is no API key: " + row.getOrDefault("id", "a row without id"));
            }
        }
    }

    private static boolean isRole(String name) {
        return Arrays.stream(Role.values()).anyMatch(role -> roleName(role).equals(name));
    }

    private List<Map<String, String>> stored() {
        return records.all().stream().filter(row -> !row.containsKey(REVOKED)).toList();
    }

    private static String roleName(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    /** Rows with id, name, role, created; no hashes. */
    public List<Map<String, String>> list() {
        List<Map<String, String>> rows = new ArrayList<>();
        for (Entry entry : configured) {
            rows.add(row(entry.key(), "in goinfer.yml or the environment"));
        }
        for (Map<String, String> stored : stored()) {
            rows.add(row(apiKey(stored), stored.getOrDefault("created", Instant.EPOCH.toString())));
        }
        return rows;
    }

    private static Map<String, String> row(ApiKey key, String created) {
        Map<String, String> row = new LinkedHashMap<>();
        row.put("id", key.id());
        row.put("name", key.name());
        row.put("role", roleName(key.role()));
        row.put("created", created);
        return row;
    }

    private void refresh() {
        List<Entry> all = new ArrayList<>(configured);
        for (Map<String, String> row : stored()) {
            all.add(new Entry(HexFormat.of().parseHex(row.getOrDefault("sha256", "")), apiKey(row)));
        }
        entries = List.copyOf(all);
    }

    private static ApiKey apiKey(Map<String, String> row) {
        return new ApiKey(
                row.getOrDefault("id", ""),
                row.getOrDefault("name", ""),
                Role.valueOf(row.getOrDefault("role", "user").toUpperCase(Locale.ROOT)));
    }

    private static byte[] hash(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("SHA-256 is part of every JDK", e);
        }
    }
}
