// SPDX-License-Identifier: MIT
package io.goinfer.tunnel;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The picture of ARCHITECTURE.md. */
class ArchitectureTest {
    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.goinfer.tunnel");

    @Test
    void arrowsPointDownwards() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("quic")
                .definedBy("io.goinfer.tunnel.quic")
                .layer("tcp")
                .definedBy("io.goinfer.tunnel.tcp")
                .layer("session")
                .definedBy("io.goinfer.tunnel.session")
                .layer("wire")
                .definedBy("io.goinfer.tunnel.wire")
                .layer("flow")
                .definedBy("io.goinfer.tunnel.flow")
                .layer("frame")
                .definedBy("io.goinfer.tunnel.frame")
                .whereLayer("quic")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("tcp")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("session")
                .mayOnlyBeAccessedByLayers("quic", "tcp")
                .whereLayer("wire")
                .mayOnlyBeAccessedByLayers("quic", "tcp", "session")
                .whereLayer("flow")
                .mayOnlyBeAccessedByLayers("session")
                .whereLayer("frame")
                .mayOnlyBeAccessedByLayers("quic", "tcp", "session", "wire", "flow")
                .check(classes);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.goinfer.tunnel.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void framesAndFlowKnowNoChannels() {
        noClasses()
                .that()
                .resideInAnyPackage("io.goinfer.tunnel.frame", "io.goinfer.tunnel.flow")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty.channel..", "io.netty.handler..")
                .check(classes);
    }

    @Test
    void theTunnelKnowsNoCertificateAuthority() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.bouncycastle..", "io.goinfer.proxy..", "io.goinfer.certs..")
                .check(classes);
    }

    @Test
    void onlyTheUpgradeKnowsHttp1() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.goinfer.tunnel.tcp")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty.handler.codec.http")
                .check(classes);
    }
}
