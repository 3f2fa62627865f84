// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import java.nio.charset.StandardCharsets;

/** A small answer of our own. */
record Reply(int status, String contentType, byte[] body) {
    static Reply json(int status, String json) {
        return new Reply(status, "application/json", json.getBytes(StandardCharsets.UTF_8));
    }
}
