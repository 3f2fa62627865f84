// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.model.discovery.FoundModel;
import io.goinfer.proxy.model.discovery.ModelFinder;
import io.goinfer.proxy.model.gguf.HeaderCache;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The real model of a demo: a llama-server of this machine with the smallest chat model that is found. Blocking. */
record DemoModel(Path llamaServer, Path file) {
    private static final long MAX_BYTES = 4L << 30;

    /** @param file what the user chose, or null */
    static Optional<DemoModel> find(@Nullable Path file, Map<String, String> environment) {
        Optional<Path> exe = llamaServer(environment);
        if (exe.isEmpty()) {
            return Optional.empty();
        }
        if (file != null) {
            return Optional.of(new DemoModel(exe.get(), file.toAbsolutePath()));
        }
        String folders = environment.getOrDefault("GI_MODELS_DIR", "");
        List<Path> roots = Arrays.stream(folders.split(File.pathSeparator))
                .filter(text -> !text.isBlank())
                .map(Path::of)
                .toList();
        HeaderCache headers = new HeaderCache();
        return ModelFinder.find(roots).stream()
                .filter(model -> model.error().isEmpty() && model.bytes() <= MAX_BYTES)
                .filter(model -> headers.header(model.file()).header() != null)
                .min(Comparator.comparing((FoundModel model) -> !chat(headers.header(model.file())))
                        .thenComparingLong(FoundModel::bytes))
                .map(model -> new DemoModel(exe.get(), model.file()));
    }

    private static boolean chat(HeaderCache.Entry entry) {
        return entry.header() != null && entry.header().chat();
    }

    private static Optional<Path> llamaServer(Map<String, String> environment) {
        String given = environment.getOrDefault("GI_LLAMA_EXE", "");
        if (!given.isBlank()) {
            return Optional.of(Path.of(given));
        }
        return Arrays.stream(environment.getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "llama-server"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    GoinferConfig.ModelsConfig config() {
        String name = file.getFileName().toString().replaceAll("\\.gguf$", "");
        List<String> command =
                List.of(llamaServer.toString(), "--port", "${PORT}", "-c", "4096", "-b", "512", "-m", file.toString());
        SwapConfig none = SwapConfig.empty();
        SwapConfig.Model model =
                SwapConfig.simple(name, command, none.settings().startPort());
        return GoinferConfig.ModelsConfig.of(SwapConfig.of(none.settings(), Map.of(name, model)));
    }
}
