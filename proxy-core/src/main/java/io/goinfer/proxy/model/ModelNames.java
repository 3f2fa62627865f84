// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** A model's public name from its file, or from what its backend calls it: llama-server without an alias uses the file's full path. Pure. */
public final class ModelNames {
    private static final String SUFFIX = ".gguf";

    private static final int MAX_FOLDER = 13;
    private static final Pattern FOLDER_GROUP = Pattern.compile("[a-z]+|[a-z]{4,}-[a-z]{2,3}");

    private ModelNames() {}

    static String fromId(String id) {
        boolean path = id.endsWith(SUFFIX) && (id.indexOf('/') >= 0 || id.indexOf('\\') >= 0);
        if (!path) {
            return id;
        }
        String name = withoutSuffix(id);
        return group(name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1));
    }

    /** The group of a file's name, else that of its folder below {@code root}, stands before the name. */
    public static String ofFile(Path root, Path file) {
        String name = withoutSuffix(file.getFileName().toString());
        Path args = file.resolveSibling(name + ".args");
        int flags = name.indexOf('&');
        if (flags >= 0 && !java.nio.file.Files.isReadable(args)) {
            name = name.substring(0, flags);
        }
        String grouped = group(name);
        Path folder = file.getParent();
        if (!grouped.equals(name) || folder == null || folder.equals(root)) {
            return grouped;
        }
        String parent = folder.getFileName().toString();
        return FOLDER_GROUP.matcher(parent).matches() && parent.length() <= MAX_FOLDER ? parent + "/" + name : name;
    }

    /** Without {@code .gguf} and without {@code -00001-of-…}. */
    public static String withoutSuffix(String file) {
        String name = file.endsWith(SUFFIX) ? file.substring(0, file.length() - SUFFIX.length()) : file;
        int parts = name.lastIndexOf("-00001-of-");
        return parts > 0 ? name.substring(0, parts) : name;
    }

    /** {@code ggml-org_gemma-3} → {@code ggml-org/gemma-3}: the first underscore, if what stands before it looks like an organisation. */
    private static String group(String file) {
        int dash = -1;
        for (int i = 0; i < file.length(); i++) {
            char c = file.charAt(i);
            if (c == '_') {
                boolean group = dash < 0 ? i >= 4 && i <= 9 : i <= 11 && i - dash >= 3 && i - dash <= 4;
                return group ? file.substring(0, i) + "/" + file.substring(i + 1) : file;
            }
            if (c == '-' && dash < 0 && i >= 4) {
                dash = i;
            } else if (c < 'a' || c > 'z') {
                return file;
            }
        }
        return file;
    }
}
