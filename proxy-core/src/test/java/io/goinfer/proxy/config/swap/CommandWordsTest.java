// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CommandWordsTest {
    @Test
    void quotesAsAPosixShellDoes() {
        assertThat(CommandWords.split("a \"b c\" 'd \"e\"' f\\ g \"\""))
                .containsExactly("a", "b c", "d \"e\"", "f g", "");
        assertThat(CommandWords.split("-c \"'q'\"")).containsExactly("-c", "'q'");
        assertThat(CommandWords.split("a'b'\"c\"d")).containsExactly("abcd");
        assertThat(CommandWords.split("\"\\$x \\n\"")).containsExactly("$x \\n");
    }

    @Test
    void dropsCommentLinesAndJoinsContinuedOnes() {
        assertThat(CommandWords.split("x \\\n  # c\n  -y 1")).containsExactly("x", "-y", "1");
        assertThat(CommandWords.split("x # not a comment")).containsExactly("x", "#", "not", "a", "comment");
    }

    @Test
    void takesNoShellAndEndsAnOpenQuote() {
        assertThat(CommandWords.split("a $HOME *.gguf ~")).containsExactly("a", "$HOME", "*.gguf", "~");
        assertThat(CommandWords.split("a 'b c")).containsExactly("a", "b c");
        assertThat(CommandWords.split(" \n# only\n")).isEmpty();
    }
}
