// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import io.goinfer.proxy.json.JsonTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How busy a machine is: the payload of LOAD (PROTOCOL.md §5.5).
 *
 * @param slots of all loaded models together, 0 = not known
 * @param busy slots at work
 * @param queued requests that wait
 * @param loaded ids
 */
public record NodeLoad(int slots, int busy, int queued, List<String> loaded) {
    public static final NodeLoad NONE = new NodeLoad(0, 0, 0, List.of());

    public NodeLoad {
        loaded = List.copyOf(loaded);
    }

    public byte[] json() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("slots", slots);
        map.put("busy", busy);
        map.put("queued", queued);
        map.put("loaded", loaded);
        return JsonTree.write(map).getBytes(StandardCharsets.UTF_8);
    }

    /** What is absent is not known. @throws IOException if it is no JSON */
    public static NodeLoad read(byte[] json) throws IOException {
        Map<String, @Nullable Object> map = JsonTree.object(json);
        return new NodeLoad(
                number(map, "slots"),
                number(map, "busy"),
                number(map, "queued"),
                JsonTree.list(map.get("loaded")).stream().map(JsonTree::text).toList());
    }

    private static int number(Map<String, @Nullable Object> map, String name) {
        return (int) Math.max(0, Math.min(1 << 20, JsonTree.number(map.get(name), 0)));
    }
}
