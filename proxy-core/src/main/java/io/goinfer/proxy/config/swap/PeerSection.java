// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.YamlTree;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** {@code peers:}. Read and checked; this version does not send requests there. */
final class PeerSection {
    private PeerSection() {}

    static Map<String, SwapConfig.Peer> read(YamlTree tree, Names names) {
        Map<String, SwapConfig.Peer> peers = new TreeMap<>();
        for (String id : tree.keysInOrder()) {
            YamlTree one = tree.child(id);
            String proxy = one.text("proxy");
            if (proxy == null || proxy.isBlank()) {
                one.problem("proxy", "peer " + id + ": proxy is required", true);
            } else if (!proxy.matches("https?://[^/\\s]+(/\\S*)?")) {
                one.problem("proxy", proxy + " (expected: https://HOST)", true);
            }
            List<String> models = one.list("models");
            if (models.isEmpty()) {
                one.problem("models", "peer " + id + ": at least one model is required", true);
            }
            for (String model : models) {
                String full = id + "/" + model;
                if (names.model(full) != null) {
                    one.problem("models", full + " is a model or alias here already", true);
                }
                names.peer(id, model);
            }
            String key = one.text("apiKey");
            SwapConfig.Filters filters = FilterSection.read(one.child("filters"), null, null);
            SwapConfig.Timeouts timeouts = ModelSection.timeouts(one.child("timeouts"), SwapConfig.Timeouts.PEER);
            one.warnUnknown();
            tree.problem(id, "peers are read, and not served by this version", false);
            peers.put(
                    id,
                    new SwapConfig.Peer(
                            id, proxy == null ? "" : proxy, models, key != null && !key.isEmpty(), filters, timeouts));
        }
        return peers;
    }
}
