// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import io.goinfer.proxy.json.JsonTree;
import java.io.IOException;

/** llama-server's {@code /props}. */
public final class Props {
    private static final int MAX_SLOTS = 10_000;

    private Props() {}

    /** Requests that it runs at once; 0: it is no llama-server. */
    public static int totalSlots(byte[] body) {
        try {
            long slots = JsonTree.number(JsonTree.object(body).get("total_slots"), 0);
            return slots > 0 && slots <= MAX_SLOTS ? (int) slots : 0;
        } catch (IOException e) {
            return 0;
        }
    }
}
