// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeaderCacheTest {
    @TempDir
    Path folder;

    private final HeaderCache cache = new HeaderCache();

    @Test
    void ofAFileThatGrowsOnlyTheLastIsKept() throws Exception {
        Path file = folder.resolve("m.gguf");
        for (int size = 1; size < 100; size++) {
            Files.write(file, new byte[size]);
            assertThat(cache.known(file)).isSameAs(HeaderCache.UNREAD);
            HeaderCache.Entry read = cache.header(file);
            assertThat(cache.known(file)).isSameAs(read);
            assertThat(cache.header(file)).isSameAs(read);
        }
        assertThat(cache.size()).isOne();
    }

    @Test
    void filesThatAreGoneAreForgotten() throws Exception {
        Path first = Files.write(folder.resolve("a.gguf"), new byte[1]);
        Path second = Files.write(folder.resolve("b.gguf"), new byte[1]);
        cache.header(first);
        HeaderCache.Entry kept = cache.header(second);
        cache.retain(List.of(second));
        assertThat(cache.size()).isOne();
        assertThat(cache.known(second)).isSameAs(kept);
    }
}
