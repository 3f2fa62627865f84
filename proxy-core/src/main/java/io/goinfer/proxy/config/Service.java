// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a listener serves. Names as in goinfer.yml. */
public enum Service {
    OPENAI("openai"),
    MODELS("models"),
    GOINFER("goinfer"),
    LLAMA_SWAP("llama-swap"),
    ADMIN("admin"),
    TUNNEL("tunnel");

    private final String word;

    Service(String word) {
        this.word = word;
    }

    public String word() {
        return word;
    }

    static Optional<Service> of(String word) {
        return Arrays.stream(values())
                .filter(service -> service.word.equals(word.toLowerCase(Locale.ROOT)))
                .findFirst();
    }
}
