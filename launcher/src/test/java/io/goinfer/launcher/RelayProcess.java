// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

/** A relay as a real process, with a user key and a join token. */
record RelayProcess(int port, int tunnelPort, String key, String tokenFile) {
    static RelayProcess start(Processes processes, Path folder) throws Exception {
        int port = Processes.freePort();
        int tunnelPort = Processes.freePort();
        String state = folder.resolve("relay").toString();
        processes.goinfer(
                "relay.log",
                "serve",
                "--state-dir",
                state,
                "--listen",
                "127.0.0.1:" + port + "=openai",
                "--listen",
                "127.0.0.1:" + tunnelPort + "=tunnel");
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
                port,
                tunnelPort,
                processes.log("key").strip(),
                folder.resolve("token").toString());
    }

    String url() {
        return "https://127.0.0.1:" + tunnelPort;
    }
}
