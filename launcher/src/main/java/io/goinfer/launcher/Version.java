// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import picocli.CommandLine.IVersionProvider;

/** This program's name and version, from the jar's manifest. */
final class Version implements IVersionProvider {
    static String software() {
        String version = Version.class.getPackage().getImplementationVersion();
        return "goinfer/" + (version == null ? "dev" : version);
    }

    @Override
    public String[] getVersion() {
        return new String[] {software() + " (Java " + Runtime.version() + ")"};
    }
}
