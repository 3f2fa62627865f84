// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** A node as {@code nodes.json} keeps it: {@code id}, {@code name}, {@code enrolled} and, if it is no longer welcome, {@code revoked}. */
final class NodeRow {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern ID = Pattern.compile("urn:goinfer:node:[0-9a-f]{32}");

    private NodeRow() {}

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    static Map<String, String> of(String id, String name, Instant enrolled) {
        Map<String, String> row = new LinkedHashMap<>();
        row.put("id", id);
        row.put("name", name);
        row.put("enrolled", enrolled.toString());
        return row;
    }

    /**
     * A copy of a row that comes from elsewhere.
     *
     * @throws IOException if it is no node's
     */
    static Map<String, String> checked(Map<String, String> row) throws IOException {
        boolean good = ID.matcher(row.getOrDefault("id", "")).matches() && isName(row.getOrDefault("name", ""));
        try {
            Instant.parse(row.getOrDefault("enrolled", ""));
        } catch (DateTimeException e) {
            good = false;
        }
        if (!good) {
            String id = row.getOrDefault("id", "");
            throw new IOException("this is no node: " + (ID.matcher(id).matches() ? id : "a row without a node's id"));
        }
        return new LinkedHashMap<>(row);
    }
}
