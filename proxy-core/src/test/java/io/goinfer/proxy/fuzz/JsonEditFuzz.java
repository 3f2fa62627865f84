// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fuzz;

import io.goinfer.proxy.json.JsonEdit;
import io.goinfer.proxy.json.JsonTree;
import java.io.IOException;

/** Any body: what is read can be changed, and stays JSON. */
public final class JsonEditFuzz {
    private JsonEditFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws IOException {
        try {
            JsonTree.object(data);
        } catch (IOException e) {
            // No JSON: refused, or passed as it is, but without another error.
            refused(data);
            return;
        }
        JsonEdit edit = new JsonEdit(data);
        edit.names().forEach(edit::raw);
        edit.set("a.b", "1");
        edit.remove("model");
        edit.put("stream", "true");
        JsonTree.object(edit.bytes());
    }

    private static void refused(byte[] data) {
        try {
            new JsonEdit(data).put("stream", "true");
        } catch (IllegalArgumentException e) {
            if (e.getMessage() == null) {
                throw new AssertionError("a refusal without a reason", e);
            }
        }
    }
}
