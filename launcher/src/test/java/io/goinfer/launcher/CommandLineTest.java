// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person types, and the one clear line that comes back. */
class CommandLineTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return Goinfer.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    }

    private String state() {
        return "--state-dir=" + folder;
    }

    @Test
    void helpGoesToStandardOutputAndNamesEveryCommand() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("demo", "serve", "connect", "token", "keys", "nodes", "config", "bench", "Examples:");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void unknownOptionsAndCommandsAreUsageErrors() {
        assertThat(run("serve", "--lissten", "x")).isEqualTo(2);
        assertThat(err.toString()).contains("--lissten").contains("--help");
        assertThat(run("frobnicate")).isEqualTo(2);
    }

    @Test
    void aTokenIsOneLineOnStandardOutput() {
        assertThat(run("token", "create", state())).isZero();
        assertThat(out.toString().strip()).startsWith("gij1.").doesNotContain("\n");
    }

    @Test
    void keysAreMadeListedAndRevokedWithoutShowingThemAgain() {
        assertThat(run("keys", "create", "--name", "phone", state())).isZero();
        String key = out.toString().strip();
        assertThat(key).matches("[0-9a-f]{64}");
        out.getBuffer().setLength(0);

        assertThat(run("keys", "list", state())).isZero();
        assertThat(out.toString()).contains("phone", "user").doesNotContain(key);
        assertThat(run("keys", "revoke", "phone", state())).isZero();
        assertThat(run("keys", "revoke", "phone", state())).isEqualTo(1);
        assertThat(err.toString()).contains("no key phone");
    }

    @Test
    void anExportIsTakenOverAndLaterMergedWithWhatIsThere() throws Exception {
        Path export = folder.resolve("relay.json");
        String second = "--state-dir=" + folder.resolve("second");
        assertThat(run("certs", "export", state())).isEqualTo(1);
        assertThat(err.toString()).contains("no certificate authority yet").doesNotContain("\tat ");
        assertThat(run("keys", "create", "--name", "phone", state())).isZero();

        for (String line : List.of(
                "imported into " + folder.resolve("second").resolve("relay"),
                "0 new nodes, 0 revoked; 1 new keys, 1 revoked")) {
            out.getBuffer().setLength(0);
            assertThat(run("certs", "export", state())).isZero();
            Files.writeString(export, out.toString());
            assertThat(run("certs", "import", export.toString(), second)).isZero();
            assertThat(out.toString()).contains(line);
            assertThat(run("keys", "create", "--name", "tablet", state())).isZero();
            assertThat(run("keys", "revoke", "phone", state())).isIn(0, 1);
        }
        out.getBuffer().setLength(0);
        assertThat(run("keys", "list", second)).isZero();
        assertThat(out.toString()).contains("tablet").doesNotContain("phone");
        assertThat(run("certs", "import", "-h")).isZero();
    }

    @Test
    void aPortInUseIsOneLineAndExit1() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            assertThat(run("serve", state(), "--listen", "127.0.0.1:" + taken.getLocalPort()))
                    .isEqualTo(1);
        }
        assertThat(err.toString()).contains("Address already in use").doesNotContain("\tat ");
    }

    @Test
    void dangerousListenersAreRefused() {
        assertThat(run("serve", state(), "--no-api-key", "--listen", "0.0.0.0:1=openai"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("--no-api-key would open it to everybody");
    }

    @Test
    void configProblemsNameFileLineAndKey() throws Exception {
        Path file = Files.writeString(folder.resolve("g.yml"), "server:\n  lisen: {}\n");

        assertThat(run("config", "check", "--config", file.toString())).isEqualTo(1);
        assertThat(out.toString()).contains(file + ":2: server.lisen: unknown key (did you mean: listen?)");
        assertThat(run("serve", state(), "--config", file.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("did you mean: listen?").doesNotContain("\tat ");
    }

    @Test
    void configShowHidesKeys() throws Exception {
        Path file = Files.writeString(folder.resolve("g.yml"), "server: { api_key: { admin: topsecret } }\n");

        assertThat(run("config", "show", "--config", file.toString())).isZero();
        assertThat(out.toString()).contains("admin: (hidden)").doesNotContain("topsecret");
    }

    @Test
    void aMissingConfigAndABadRelayAreOneLine() {
        assertThat(run("serve", state(), "--config", folder.resolve("no.yml").toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("no.yml: no such file");
        assertThat(run("connect", "ftp://x", state())).isEqualTo(1);
        assertThat(err.toString()).contains("ftp://x (expected: https://HOST:PORT)");
    }

    @Test
    void connectWithoutATokenSaysHowToGetOne() {
        assertThat(run("connect", "https://127.0.0.1:1", state())).isEqualTo(1);
        assertThat(err.toString()).contains("goinfer token create");
    }

    @Test
    void theDemoPrintsAnAnswerThatCameOverQuic() {
        assertThat(run("demo", "--once")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("tunnel: QUIC").contains(" token token");
    }
}
