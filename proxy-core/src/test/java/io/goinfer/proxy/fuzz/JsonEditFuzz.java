// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fuzz;

import io.goinfer.proxy.json.JsonEdit;
import io.goinfer.proxy.json.JsonTree;

/** Any JSON object can be changed, and stays one. */
public final class JsonEditFuzz {
    private JsonEditFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        if (!JsonTree.isObject(data)) {
            return;
        }
        JsonEdit edit = new JsonEdit(data);
        edit.names().forEach(edit::raw);
        edit.set("a.b", "1");
        edit.remove("model");
        edit.put("stream", "true");
        if (!JsonTree.isObject(edit.bytes())) {
            throw new AssertionError("no JSON any more");
        }
    }
}
