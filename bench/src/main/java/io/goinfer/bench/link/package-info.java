/** A network between two programs of one machine, with the faults that real ones have. Depends on Netty and the helpers for writes of the tunnel. */
@NullMarked
package io.goinfer.bench.link;

import org.jspecify.annotations.NullMarked;
