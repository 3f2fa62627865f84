/**
 * A simulated llama-server that behaves as the real one does where a proxy notices. Start at {@link io.goinfer.bench.llama.SimulatedLlama}. One event
 * loop.
 */
@NullMarked
package io.goinfer.bench.llama;

import org.jspecify.annotations.NullMarked;
