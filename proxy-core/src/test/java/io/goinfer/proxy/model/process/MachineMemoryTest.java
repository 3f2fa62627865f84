// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MachineMemoryTest {
    @Test
    void linesOfSeveralCardsAreAdded() {
        assertThat(MachineMemory.sum("24564\n8192\n")).isEqualTo(32_756);
        assertThat(MachineMemory.sum("[N/A]\nNVIDIA-SMI has failed\n")).isZero();
    }

    @Test
    void rocmsColumnsAreFoundByName() {
        String csv = "device,VRAM Total Memory (B),VRAM Total Used Memory (B)\n"
                + "card0,17163091968,10526720\ncard1,17163091968,0\n\n";
        assertThat(MachineMemory.rocm(csv, "Total Memory")).isEqualTo(34_326_183_936L);
        assertThat(MachineMemory.rocm(csv, "Total Used Memory")).isEqualTo(10_526_720);
        assertThat(MachineMemory.rocm("", "Total Memory")).isZero();
    }

    @Test
    void thisMachineHasSome() {
        MachineMemory memory = new MachineMemory();
        assertThat(memory.totalBytes()).isPositive();
        assertThat(memory.freeBytes()).isPositive();
        assertThat(memory.usedBy(ProcessHandle.current().pid())).isGreaterThanOrEqualTo(0);
    }
}
