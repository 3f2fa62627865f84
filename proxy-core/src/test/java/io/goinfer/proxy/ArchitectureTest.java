// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** The picture of ARCHITECTURE.md, and the size of files. */
class ArchitectureTest {
    private static final int WALL = 450;

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.goinfer.proxy");

    @Test
    void arrowsPointDownwards() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("wiring")
                .definedBy("io.goinfer.proxy")
                .layer("admin")
                .definedBy("io.goinfer.proxy.admin")
                .layer("http")
                .definedBy("io.goinfer.proxy.http")
                .layer("agent")
                .definedBy("io.goinfer.proxy.agent")
                .layer("fleet")
                .definedBy("io.goinfer.proxy.fleet")
                .layer("control")
                .definedBy("io.goinfer.proxy.control")
                .layer("exchange")
                .definedBy("io.goinfer.proxy.exchange")
                .layer("route")
                .definedBy("io.goinfer.proxy.route")
                .layer("model")
                .definedBy("io.goinfer.proxy.model..")
                .layer("upstream")
                .definedBy("io.goinfer.proxy.upstream")
                .layer("ground")
                .definedBy(
                        "io.goinfer.proxy.config..",
                        "io.goinfer.proxy.json",
                        "io.goinfer.proxy.keys",
                        "io.goinfer.proxy.machine",
                        "io.goinfer.proxy.metrics",
                        "io.goinfer.proxy.net")
                .whereLayer("wiring")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("admin")
                .mayOnlyBeAccessedByLayers("wiring")
                .whereLayer("http")
                .mayOnlyBeAccessedByLayers("wiring", "admin")
                .whereLayer("agent")
                .mayOnlyBeAccessedByLayers("wiring")
                .whereLayer("fleet")
                .mayOnlyBeAccessedByLayers("wiring", "admin", "agent")
                .whereLayer("control")
                .mayOnlyBeAccessedByLayers("wiring", "http", "agent")
                .whereLayer("exchange")
                .mayOnlyBeAccessedByLayers("wiring", "http", "agent")
                .whereLayer("route")
                .mayOnlyBeAccessedByLayers("wiring", "http", "agent", "fleet", "exchange")
                .whereLayer("model")
                .mayOnlyBeAccessedByLayers("wiring", "http", "agent", "control", "fleet")
                .whereLayer("upstream")
                .mayOnlyBeAccessedByLayers("wiring", "http", "agent", "control", "fleet", "exchange", "route", "model")
                .check(classes);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.goinfer.proxy.(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void decisionsAndConfigurationKnowNoChannels() {
        noClasses()
                .that()
                .resideInAnyPackage("io.goinfer.proxy.route", "io.goinfer.proxy.config..", "io.goinfer.proxy.keys")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty.channel..", "io.netty.handler..")
                .check(classes);
    }

    @Test
    void noFileGrowsPastTheWall() throws IOException {
        for (String module : List.of("tunnel-protocol", "certs", "bench", "proxy-core", "launcher")) {
            try (Stream<Path> files = Files.walk(Path.of("..", module, "src/main/java"))) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    Assertions.assertThat(Files.readAllLines(file).size())
                            .as("lines of " + file + ": which second noun is hiding?")
                            .isLessThanOrEqualTo(WALL);
                }
            }
        }
    }
}
