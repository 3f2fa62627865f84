// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.FreePort;
import java.nio.file.Files;
import java.nio.file.Path;

/** A relay as a real process, with a user key and a join token. */
record RelayProcess(String host, int port, int tunnelPort, String key, String adminKey, String tokenFile) {
    static RelayProcess start(Processes processes, Path folder) throws Exception {
        return start(processes, folder, "127.0.0.1");
    }

    /** @param host where nodes come in */
    static RelayProcess start(Processes processes, Path folder, String host) throws Exception {
        int port = FreePort.find();
        int tunnelPort = FreePort.find();
        String state = folder.resolve("relay").toString();
        processes.goinfer(
                "relay.log",
                "serve",
                "--state-dir",
                state,
                "--listen",
                "127.0.0.1:" + port + "=openai,admin",
                "--listen",
                host + ":" + tunnelPort + "=tunnel");
        eventually("health", () -> Processes.status("http://127.0.0.1:" + port + "/health", "", null) == 200);
        assertThat(processes
                        .goinfer("token", "token", "create", "--state-dir", state)
                        .waitFor())
                .isZero();
        assertThat(processes
                        .goinfer("key", "keys", "create", "--state-dir", state)
                        .waitFor())
                .isZero();
        return new RelayProcess(
                host,
                port,
                tunnelPort,
                processes.log("key").strip(),
                Files.readString(folder.resolve("relay/relay/first-admin-key")).strip(),
                folder.resolve("token").toString());
    }

    String url() {
        return "https://" + host + ":" + tunnelPort;
    }
}
