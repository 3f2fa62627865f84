// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.discovery;

import io.goinfer.proxy.config.swap.CommandWords;
import io.goinfer.proxy.model.ModelNames;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Walks folders for GGUF files and names what it finds. Blocking; a folder that cannot be read is skipped with a warning. */
public final class ModelFinder {
    private static final Logger LOG = LoggerFactory.getLogger(ModelFinder.class);
    private static final String SUFFIX = ".gguf";
    private static final long MIN_BYTES = 1_000;
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    private final List<Path> roots;
    private final List<Path> files = new ArrayList<>();
    private final Map<Path, List<Path>> projectors = new HashMap<>();

    private ModelFinder(List<Path> roots) {
        this.roots = roots;
    }

    /** In the order of the walk: lexical within each root. Names are unique; of two files with one name the second has an error. */
    public static List<FoundModel> find(List<Path> roots) {
        return new ModelFinder(roots).find();
    }

    private List<FoundModel> find() {
        List<FoundModel> found = new ArrayList<>();
        Map<String, Path> names = new HashMap<>();
        for (Path root : roots) {
            files.clear();
            walk(root);
            Collections.sort(files);
            for (Path file : new TreeSet<>(files)) {
                FoundModel model = describe(root, file);
                Path first = names.putIfAbsent(model.name(), file);
                if (first == null || !first.equals(file)) {
                    found.add(first == null ? model : clash(model, first));
                }
            }
        }
        return found;
    }

    private static FoundModel clash(FoundModel model, Path first) {
        return new FoundModel(
                model.name(),
                model.file(),
                model.bytes(),
                model.flags(),
                model.projector(),
                "two files have the same model name; " + first + " keeps it");
    }

    private void walk(Path root) {
        if (!Files.isDirectory(root)) {
            // Whoever gave it says so, once.
            return;
        }
        FileVisitor<Path> visitor = new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.getFileName().toString().endsWith(SUFFIX)) {
                    consider(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException problem) {
                LOG.warn("models in {}: {}", file, problem.toString());
                return FileVisitResult.CONTINUE;
            }
        };
        try {
            // A root may be a link; links below it are followed for files only.
            Files.walkFileTree(Files.exists(root) ? root.toRealPath() : root, visitor);
        } catch (IOException e) {
            LOG.warn("models in {}: {}", root, e.toString());
        }
    }

    private void consider(Path file) {
        String name = file.getFileName().toString();
        Matcher part = PART.matcher(name);
        if (part.matches() && !part.group(2).equals("00001")) {
            return;
        }
        try {
            if (!Files.isReadable(file) || Files.size(file) < MIN_BYTES) {
                LOG.debug("{} is not readable or too small to be a model", file);
            } else if (name.startsWith("mmproj")) {
                projectors
                        .computeIfAbsent(file.getParent(), folder -> new ArrayList<>())
                        .add(file);
            } else {
                files.add(file);
            }
        } catch (IOException e) {
            LOG.warn("{}: {}", file, e.toString());
        }
    }

    private FoundModel describe(Path root, Path file) {
        List<String> flags = argsFile(file);
        String fileName = file.getFileName().toString();
        if (flags == null) {
            flags = flagsInName(fileName);
        }
        String folder = String.valueOf(file.getParent());
        List<String> inPlace =
                flags.stream().map(flag -> flag.replace("$DIR", folder)).toList();
        List<Path> fitting = projectors.getOrDefault(file.getParent(), List.of());
        String name = ModelNames.ofFile(real(root), file);
        try {
            return new FoundModel(name, file, bytes(file), inPlace, fitting.size() == 1 ? fitting.get(0) : null, "");
        } catch (IOException e) {
            return new FoundModel(name, file, 0, inPlace, null, String.valueOf(e.getMessage()));
        }
    }

    private static Path real(Path root) {
        try {
            return root.toRealPath();
        } catch (IOException e) {
            return root;
        }
    }

    /** @throws IOException if a part is missing */
    private static long bytes(Path file) throws IOException {
        Matcher part = PART.matcher(file.getFileName().toString());
        if (!part.matches()) {
            return Files.size(file);
        }
        long sum = 0;
        int parts = Integer.parseInt(part.group(3));
        for (int i = 1; i <= parts; i++) {
            Path one = file.resolveSibling(String.format("%s-%05d-of-%s.gguf", part.group(1), i, part.group(3)));
            if (!Files.exists(one)) {
                throw new IOException("part " + one.getFileName() + " is missing");
            }
            sum += Files.size(one);
        }
        return sum;
    }

    /** Flags of the file beside the model, or null. Lines are joined; comments and trailing backslashes go. */
    private static @Nullable List<String> argsFile(Path file) {
        String base = ModelNames.withoutSuffix(file.getFileName().toString());
        Path args = file.resolveSibling(base + ".args");
        if (!Files.isReadable(args)) {
            return null;
        }
        try {
            return CommandWords.split(Files.readString(args));
        } catch (IOException e) {
            LOG.warn("{}: {}", args, e.toString());
            return null;
        }
    }

    /** {@code coder&c=8192&ngl=99.gguf} means {@code -c 8192 -ngl 99}. */
    private static List<String> flagsInName(String fileName) {
        List<String> flags = new ArrayList<>();
        String[] parts = ModelNames.withoutSuffix(fileName).split("&", -1);
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            flags.add("-" + (equals < 0 ? parts[i] : parts[i].substring(0, equals)));
            if (equals >= 0) {
                flags.add(parts[i].substring(equals + 1));
            }
        }
        return flags;
    }
}
