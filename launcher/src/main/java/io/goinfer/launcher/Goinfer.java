// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program: {@code goinfer [COMMAND]}. Exit codes: 0 done, 1 failed, 2 wrong usage. */
@Command(
        name = "goinfer",
        description =
                "Use the LLMs on your own GPU from anywhere: a relay on a public machine, a node beside the GPU, QUIC between them.",
        mixinStandardHelpOptions = true,
        addMethodSubcommands = false,
        versionProvider = Version.class,
        footer = {
            "",
            "Examples:",
            "  goinfer demo                                  relay, node and a model on this machine, in one go",
            "  goinfer serve --public                        the relay, on a public machine",
            "  goinfer connect https://HOST:8443 --backend http://127.0.0.1:8081",
            "                                                the node, on the GPU machine, for a llama-server that runs",
            "  goinfer --backend http://127.0.0.1:8081       standalone: keys and routing in front of a llama-server",
            "",
            "Without a command goinfer serves. goinfer COMMAND --help explains each."
        })
public final class Goinfer {
    private static final List<String> ORIGINAL_FLAGS =
            List.of("gen-main-cfg", "gen-swap-cfg", "no-api-key", "debug", "q", "version");

    /** In the order of the help. */
    private static final Map<String, Class<?>> COMMANDS = commands();

    private Goinfer() {}

    private static Map<String, Class<?>> commands() {
        Map<String, Class<?>> all = new LinkedHashMap<>();
        all.put("demo", DemoCommand.class);
        all.put("serve", ServeCommand.class);
        all.put("connect", ConnectCommand.class);
        all.put("token", TokenCommand.class);
        all.put("keys", KeysCommand.class);
        all.put("nodes", NodesCommand.class);
        all.put("certs", CertsCommand.class);
        all.put("config", ConfigCommand.class);
        all.put("bench", BenchCommand.class);
        all.put("rehearse", RehearseCommand.class);
        return all;
    }

    public static void main(String[] arguments) {
        LogProvider.install();
        // Else picocli looks for Groovy, in every jar.
        System.setProperty("picocli.disable.closures", "true");
        Warmup.start(arguments);
        System.exit(run(Terminal.of(System.out), Terminal.of(System.err), arguments));
    }

    /** For {@link #main} and for tests. */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        String[] known = Arrays.stream(arguments).map(Goinfer::plain).toArray(String[]::new);
        if (List.of(known).contains("-version")) {
            out.println(new Version().getVersion()[0]);
            return 0;
        }
        String[] effective = withDefaultCommand(known);
        CommandErrors errors = new CommandErrors();
        CommandLine line = line(effective)
                .setOut(out)
                .setErr(err)
                .setPosixClusteredShortOptionsAllowed(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(errors)
                .setParameterExceptionHandler(errors);
        return line.execute(effective);
    }

    /** With all commands if none is named: each that picocli has to look into costs the start milliseconds. */
    private static CommandLine line(String[] arguments) {
        CommandLine line = new CommandLine(new Goinfer());
        String named = arguments.length == 0 ? "" : arguments[0];
        COMMANDS.forEach((name, command) -> {
            if (name.equals(named) || !COMMANDS.containsKey(named)) {
                line.addSubcommand(name, command);
            }
        });
        return line;
    }

    /** The flags of the original program may have two dashes and {@code =true}. */
    private static String plain(String argument) {
        for (String flag : ORIGINAL_FLAGS) {
            if (argument.matches("--?" + flag + "(=true)?")) {
                return "-" + flag;
            }
        }
        return argument;
    }

    /** {@code -gen-main-cfg} wins over {@code -gen-swap-cfg}, as in the original. */
    private static String[] generate(String[] arguments) {
        List<String> all = new ArrayList<>(List.of("config", "generate"));
        List<String> given = List.of(arguments);
        if (!given.contains("-gen-main-cfg")) {
            all.add("--swap");
        }
        if (given.contains("-no-api-key")) {
            all.add("--no-api-key");
        }
        if (given.contains("-debug")) {
            all.add("-debug");
        }
        if (given.contains("--force")) {
            all.add("--force");
        }
        return all.toArray(String[]::new);
    }

    /** {@code goinfer --backend …} is {@code goinfer serve --backend …}. */
    private static String[] withDefaultCommand(String[] arguments) {
        if (List.of(arguments).contains("-gen-main-cfg") || List.of(arguments).contains("-gen-swap-cfg")) {
            return generate(arguments);
        }
        boolean help = arguments.length == 1
                && List.of("-h", "--help", "-V", "--version").contains(arguments[0]);
        boolean command = arguments.length > 0 && COMMANDS.containsKey(arguments[0]);
        boolean word = arguments.length > 0 && !arguments[0].startsWith("-");
        if (help || command || word) {
            return arguments;
        }
        List<String> all = new ArrayList<>(List.of("serve"));
        all.addAll(List.of(arguments));
        return all.toArray(String[]::new);
    }
}
