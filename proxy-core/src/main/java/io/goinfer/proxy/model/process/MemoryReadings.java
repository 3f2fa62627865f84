// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

/** The memory that models live in: of the GPUs if there are any, else of the machine. Blocking. 0 = not known. */
public interface MemoryReadings {
    /** What models may fill together. */
    long totalBytes();

    /** What nobody uses now. */
    long freeBytes();

    /** What one process uses now. */
    long usedBy(long pid);

    /** Nothing is known. */
    MemoryReadings NONE = new MemoryReadings() {
        @Override
        public long totalBytes() {
            return 0;
        }

        @Override
        public long freeBytes() {
            return 0;
        }

        @Override
        public long usedBy(long pid) {
            return 0;
        }
    };
}
