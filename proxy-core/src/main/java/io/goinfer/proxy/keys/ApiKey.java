// SPDX-License-Identifier: MIT
package io.goinfer.proxy.keys;

/** A key as the program knows it: never the key itself. */
public record ApiKey(String id, String name, Role role) {
    /** Stands for everybody where no key is needed. */
    public static final ApiKey ANYBODY = new ApiKey("-", "-", Role.ADMIN);
}
