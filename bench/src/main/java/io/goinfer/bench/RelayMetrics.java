// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a relay's /metrics says. Blocking. The target's key is an admin's. */
record RelayMetrics(LoadDriver.Target target) {
    private static final String EACH_SESSION = "goinfer_tunnel_suspect{";
    private static final String TRANSPORT = "transport=\"";

    /** A figure added over all labels; 0 if there is none of that name. */
    double sum(String name) throws IOException {
        return lines().stream()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** The transport of each session, sorted. */
    List<String> sessions() throws IOException {
        return lines().stream()
                .filter(line -> line.startsWith(EACH_SESSION))
                .map(line -> line.substring(line.indexOf(TRANSPORT) + TRANSPORT.length()))
                .map(rest -> rest.substring(0, rest.indexOf('"')))
                .sorted()
                .toList();
    }

    private List<String> lines() throws IOException {
        HttpURLConnection call = (HttpURLConnection) URI.create("http://127.0.0.1:" + target.port() + "/metrics")
                .toURL()
                .openConnection();
        call.setRequestProperty("Authorization", "Bearer " + target.key());
        try (InputStream body = call.getInputStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
    }
}
