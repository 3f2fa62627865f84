// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.discovery;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One model on disk.
 *
 * @param file the only part, or the first
 * @param bytes of all parts together
 * @param flags for llama-server, from the {@code .args} file or the file's name
 * @param projector the {@code mmproj} file of its folder, if there is exactly one
 * @param error "" or why it cannot be used
 */
public record FoundModel(
        String name,
        Path file,
        long bytes,
        List<String> flags,
        @Nullable Path projector,
        String error) {
    public FoundModel {
        flags = List.copyOf(flags);
    }
}
