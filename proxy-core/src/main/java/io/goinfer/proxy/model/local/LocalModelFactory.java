// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.Balance;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapConfig.Filters;
import io.goinfer.proxy.config.swap.SwapConfig.Start;
import io.goinfer.proxy.model.discovery.FoundModel;
import io.goinfer.proxy.model.gguf.GgufHeader;
import io.goinfer.proxy.model.gguf.HeaderCache;
import io.goinfer.proxy.model.local.LocalModel.Listing;
import io.goinfer.proxy.model.local.LocalModel.Residency;
import io.goinfer.proxy.model.local.LocalModel.Rules;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Configured and found models to {@link LocalModel}s. Pure. */
public final class LocalModelFactory {
    /** Before the name of the model's twin with goinfer's own arguments; older files have the others. */
    public static final String TWIN = "GI_";

    /** llama-swap's first port; a found model takes the next one that is free. */
    private static final int FIRST_PORT = 5_800;

    private static final Duration UNLOAD = Duration.ofSeconds(10);

    /** llama-server's own buffers, roughly. */
    private static final long OVERHEAD = 512L << 20;

    private static final Sleep FOUND_SLEEP = Sleep.of(SwapConfig.Settings.IGNORED_PATHS, false);

    private final String llamaExe;
    private final List<String> commonArgs;
    private final List<String> twinArgs;
    private final Balance balance;
    private final int queue;

    /**
     * @param llamaExe "" = llama-server on the PATH
     * @param twinArgs more for the twin that /infer uses
     * @param queue requests for one found model that may wait or run
     */
    public LocalModelFactory(
            String llamaExe, List<String> commonArgs, List<String> twinArgs, Balance balance, int queue) {
        this.llamaExe = llamaExe.isEmpty() ? "llama-server" : llamaExe;
        this.commonArgs = List.copyOf(commonArgs);
        this.twinArgs = List.copyOf(twinArgs);
        this.balance = balance;
        this.queue = queue;
    }

    public LocalModel configured(SwapConfig swap, SwapConfig.Model model) {
        ListRows.Row row =
                ListRows.configured(model.name(), model.description(), model.metadata(), model.capabilities());
        boolean namesListed = swap.settings().aliasesInList() && !model.unlisted();
        return new LocalModel(
                model.id(),
                model.useModelName() == null ? model.id() : model.useModelName(),
                swap.otherNames(model),
                model.start(),
                new Rules(
                        model.filters(),
                        model.concurrencyLimit(),
                        swap.routing().priority().getOrDefault(model.id(), 0),
                        model.sendLoadingState(),
                        model.timeouts(),
                        Sleep.of(swap.settings().ignorePaths(), model.ignoreWebsockets())),
                residency(model.id(), model.ttl(), model.unloadTimeout()),
                new Listing(
                        !model.unlisted(),
                        namesListed,
                        model.name(),
                        model.description(),
                        row.metaJson(),
                        row.rowJson(),
                        "",
                        0),
                0,
                "");
    }

    /** A configured model with what its file tells. Blocking. */
    public LocalModel of(LocalModel model, Path file, HeaderCache headers) {
        Listing before = model.listing();
        if (!Files.isReadable(file)) {
            return model.with(before, 0, "its file " + file + " does not exist, or cannot be read");
        }
        HeaderCache.Entry entry = headers.header(file);
        GgufHeader header = entry.header();
        long bytes = file.toFile().length();
        Listing listing = new Listing(
                before.listed(),
                before.namesListed(),
                before.name(),
                before.description(),
                ListRows.merged(ListRows.found(header, bytes).metaJson(), before.metaJson()),
                before.rowJson(),
                file.toString(),
                bytes);
        long need = header == null ? 0 : need(model.start().command(), bytes, header);
        return model.with(listing, need, "");
    }

    public LocalModel found(FoundModel file, HeaderCache.Entry header) {
        return found(file, header, file.name(), commonArgs, true, List.of());
    }

    /** The same file with goinfer's arguments: it renders no template. In no list. */
    public LocalModel twin(FoundModel file, HeaderCache.Entry header) {
        List<String> arguments = new ArrayList<>(commonArgs);
        arguments.addAll(twinArgs);
        List<String> older = List.of("A_" + file.name(), file.name() + ":A", file.name() + "+A");
        return found(file, header, TWIN + file.name(), arguments, false, older);
    }

    private LocalModel found(
            FoundModel file,
            HeaderCache.Entry header,
            String id,
            List<String> arguments,
            boolean listed,
            List<String> names) {
        List<String> command = new ArrayList<>(List.of(llamaExe, "--port", "${PORT}"));
        command.addAll(arguments);
        command.addAll(List.of("-m", file.file().toString()));
        if (file.projector() != null) {
            command.addAll(List.of("--mmproj", file.projector().toString()));
        }
        command.addAll(file.flags());
        if (Collections.disjoint(command, List.of("-a", "--alias"))) {
            // Or answers would name the file's path.
            command.addAll(List.of("-a", file.name()));
        }
        String error = !file.error().isEmpty() ? file.error() : header.problem();
        GgufHeader known = header.header();
        ListRows.Row row = ListRows.found(known, file.bytes());
        return new LocalModel(
                id,
                file.name(),
                names,
                new Start(command, List.of(), "http://127.0.0.1:${PORT}", FIRST_PORT, List.of(), "/health"),
                new Rules(Filters.NONE, queue, 0, false, SwapConfig.Timeouts.MODEL, FOUND_SLEEP),
                residency(id, Duration.ZERO, UNLOAD),
                new Listing(
                        listed && error.isEmpty(),
                        false,
                        "",
                        "",
                        row.metaJson(),
                        row.rowJson(),
                        file.file().toString(),
                        file.bytes()),
                known == null ? 0 : need(command, file.bytes(), known),
                error);
    }

    private Residency residency(String id, Duration ttl, Duration unloadTimeout) {
        return new Residency(ttl, unloadTimeout, balance.pinned().contains(id), balance.minLoaded());
    }

    /** Weights, cache and buffers; 0 = not known before it ran, because llama-server fits itself to what is free. */
    private static long need(List<String> command, long bytes, GgufHeader header) {
        int context = -1;
        for (int i = 0; i + 1 < command.size(); i++) {
            boolean names = List.of("-c", "--ctx-size").contains(command.get(i));
            if (names && command.get(i + 1).matches("\\d{1,8}")) {
                context = Integer.parseInt(command.get(i + 1));
            }
        }
        if (context < 0) {
            return 0;
        }
        long tokens = context == 0 ? header.contextLength() : context;
        return bytes + tokens * header.cacheBytesPerToken() + OVERHEAD;
    }
}
