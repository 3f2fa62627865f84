// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.Node;
import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Transport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;

/** Many nodes of one relay in this process, enrolled by {@link ManyNodes}. Tells of each that connects in a line. */
final class NodeCrowd {
    static final String CONNECTED = "connected ";

    private NodeCrowd() {}

    static String name(int i) {
        return "node-" + i;
    }

    /** The nodes run until the process ends. */
    static List<Node> start(Path folder, RelayAddress relay, int count, PrintWriter out)
            throws IOException, GeneralSecurityException {
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            nodes.add(node(folder, relay, name(i), out));
        }
        return nodes;
    }

    private static Node node(Path folder, RelayAddress relay, String name, PrintWriter out)
            throws IOException, GeneralSecurityException {
        GoinferConfig config = GoinferConfig.defaults()
                .with(new GoinferConfig.NodeConfig(name, List.of(), Transport.AUTO, false, List.of()));
        Node.Options options = new Node.Options(
                config,
                () -> config,
                List.of(relay),
                null,
                name,
                folder.resolve(name),
                Version.software(),
                NodeLink.Resolver::system);
        return new Node(options, (to, as, transport, roundTrip) -> {
            out.println(CONNECTED + as);
            out.flush();
        });
    }
}
