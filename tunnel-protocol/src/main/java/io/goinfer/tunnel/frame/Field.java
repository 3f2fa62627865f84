// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

/** A header or trailer field. Names are in lower case; pseudo fields start with a colon. */
public record Field(String name, String value) {}
