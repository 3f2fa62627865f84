// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fuzz;

import io.goinfer.proxy.model.ModelsJson;
import io.goinfer.proxy.model.NodeLoad;
import java.io.IOException;

/** What a node may say of itself: read, or refused. */
public final class ModelsFuzz {
    private ModelsFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try {
            ModelsJson.read(ModelsJson.models(ModelsJson.read(data)));
        } catch (IOException e) {
            reason(e);
        }
        try {
            NodeLoad.read(data);
        } catch (IOException e) {
            reason(e);
        }
    }

    private static void reason(IOException e) {
        if (e.getMessage() == null) {
            throw new AssertionError("a refusal without a reason", e);
        }
    }
}
