// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

/** A model's public name from what its backend calls it: llama-server without an alias uses the file's full path. */
final class ModelNames {
    private static final String SUFFIX = ".gguf";

    private ModelNames() {}

    static String fromId(String id) {
        boolean path = id.endsWith(SUFFIX) && (id.indexOf('/') >= 0 || id.indexOf('\\') >= 0);
        if (!path) {
            return id;
        }
        String name = id.substring(0, id.length() - SUFFIX.length());
        int parts = name.lastIndexOf("-00001-of-");
        if (parts > 0) {
            name = name.substring(0, parts);
        }
        return group(name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1));
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
