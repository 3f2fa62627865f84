// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.certs.StateFile;
import io.goinfer.proxy.Relay;
import io.goinfer.proxy.admin.AdminCommands;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.keys.ApiKeys;
import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.net.StateLock;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a relay does once: writes a configuration, makes an admin key, shows how a node joins. Secrets are printed to a terminal only. */
final class FirstStart {
    private static final String CONFIG = """
            # goinfer.yml: see the README. Every key is optional.
            server:
              # listen:                                  # address: services; without it 127.0.0.1:8080 and 0.0.0.0:8443
              #   "127.0.0.1:8080": openai,models,goinfer,llama-swap,admin
              #   "0.0.0.0:8443":   openai,admin,tunnel  # TLS on TCP, QUIC on UDP
              # public_url: https://gpu.example.com:8443 # how nodes and clients reach this relay
              # origins: [https://chat.example.com]      # web pages that may call the API
            # models_dir: /home/me/models                # GGUF files; models of a llama-swap.yml beside this file join them
            # llama: {exe: /home/me/llama.cpp/build/bin/llama-server, args: {common: --no-warmup}}
            node:
              # backends: [http://127.0.0.1:8081]        # servers that already run
              # relays: [https://gpu.example.com:8443]
            """;

    private final CommonOptions common;
    private final boolean configMissing;

    FirstStart(CommonOptions common) {
        this.common = common;
        this.configMissing = common.folders().findConfig(common.config) == null;
    }

    /** No goinfer.yml was found. */
    boolean configMissing() {
        return configMissing;
    }

    /** Never fails a start: a read-only home is no reason not to serve. */
    void writeConfigIfMissing() {
        Path file = common.folders().config();
        Path folder = file.getParent();
        if (!configMissing || folder == null) {
            return;
        }
        try {
            StateFile.folder(folder);
            StateFile.write(file, CONFIG);
        } catch (IOException e) {
            org.slf4j.LoggerFactory.getLogger("goinfer").warn("{} could not be written: {}", file, e.getMessage());
        }
    }

    /**
     * Before the relay listens: who sees its /health can read the key.
     *
     * @return false: there is an admin key already
     */
    boolean makeAdminKey(GoinferConfig config, PrintWriter out) throws IOException {
        Path folder = common.state().resolve("relay");
        if (keys(folder, config).hasAdmin()) {
            return false;
        }
        try (StateLock lock = Relay.lock(folder)) {
            assert lock != null;
            String key = keys(folder, config).create("first admin", Role.ADMIN).text();
            if (System.console() == null) {
                Path file = folder.resolve("first-admin-key");
                StateFile.write(file, key + "\n");
                out.println("admin key: in " + file);
            } else {
                out.println("admin key (shown once): " + key);
            }
        }
        return true;
    }

    private static ApiKeys keys(Path folder, GoinferConfig config) throws IOException {
        return new ApiKeys(folder, config.server().apiKeys(), InstantSource.system());
    }

    /** @param url null: there is no tunnel */
    static void announceJoin(Relay relay, @Nullable String url, PrintWriter out)
            throws IOException, AdminCommands.Problem {
        if (url == null) {
            return;
        }
        if (System.console() == null) {
            out.println("to join a node: goinfer token create, then on the node: goinfer connect " + url
                    + " --token-file -");
            return;
        }
        Map<String, String> token =
                relay.commands().run("token create", Map.of()).get(0);
        out.println("to join a node, within the hour: goinfer connect " + url + " --token-file -");
        out.println(token.get("token"));
    }
}
