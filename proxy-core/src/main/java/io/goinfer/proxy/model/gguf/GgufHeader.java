// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.gguf;

/**
 * What a GGUF file says of itself. Texts are "" and numbers 0 where the file is silent.
 *
 * @param architecture {@code general.architecture}, such as {@code llama}
 * @param name {@code general.name}
 * @param quantisation of {@code general.file_type}, such as {@code Q4_K_M}
 * @param contextLength tokens that the model was trained for
 * @param layers transformer blocks
 * @param cacheBytesPerToken of the key-value cache in f16
 * @param chat it carries a chat template
 * @param projector it is a multimodal projector (mmproj), not a model
 */
public record GgufHeader(
        String architecture,
        String name,
        String quantisation,
        long contextLength,
        long layers,
        long cacheBytesPerToken,
        boolean chat,
        boolean projector) {}
