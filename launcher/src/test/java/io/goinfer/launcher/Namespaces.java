// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Several machines on this one: the node's network namespace, two routers, and a veth link to where the test and the relay are.
 *
 * <pre>
 * relay 10.213.1.1 ── 1500 ── near ── the path's MTU ── far ── 1500 ── 10.213.3.2 node
 * </pre>
 *
 * Needs root and {@code ip}; a test is skipped, and says so, where they are not at hand.
 */
final class Namespaces implements AutoCloseable {
    static final String RELAY = "10.213.1.1";
    static final String NODE = "10.213.3.2";

    private final String name = "gi" + ProcessHandle.current().pid();
    final String node = name + "-node";
    private final String near = name + "-near";
    private final String far = name + "-far";

    private Namespaces() {}

    static Namespaces create(int pathMtu) throws Exception {
        Namespaces net = new Namespaces();
        assumeTrue(
                run(List.of("ip", "netns", "add", net.node)) == 0,
                "SKIPPED: no network namespaces here; they need root and iproute2");
        boolean done = false;
        try {
            net.lay(pathMtu);
            done = true;
        } finally {
            if (!done) {
                net.close();
            }
        }
        return net;
    }

    private void lay(int pathMtu) throws Exception {
        ip("netns", "add", near);
        ip("netns", "add", far);
        pair(null, name, RELAY, near, "east", "10.213.1.2", 1_500);
        pair(near, "west", "10.213.2.1", far, "east", "10.213.2.2", pathMtu);
        pair(far, "west", "10.213.3.1", node, "east", NODE, 1_500);
        ip("route", "add", "10.213.3.0/24", "via", "10.213.1.2");
        ip("-n", near, "route", "add", "10.213.3.0/24", "via", "10.213.2.2");
        ip("-n", far, "route", "add", "10.213.1.0/24", "via", "10.213.2.1");
        ip("-n", node, "route", "add", "default", "via", "10.213.3.1");
        ip("-n", node, "link", "set", "lo", "up");
        for (String router : List.of(near, far)) {
            must(in(router, List.of("sysctl", "-qw", "net.ipv4.ip_forward=1")));
        }
    }

    private void pair(
            String left, String leftName, String leftIp, String right, String rightName, String rightIp, int mtu)
            throws Exception {
        List<String> add = new ArrayList<>(List.of("ip", "link", "add", leftName, "mtu", Integer.toString(mtu)));
        if (left != null) {
            Collections.addAll(add, "netns", left);
        }
        Collections.addAll(
                add, "type", "veth", "peer", "name", rightName, "mtu", Integer.toString(mtu), "netns", right);
        must(add);
        up(left, leftName, leftIp);
        up(right, rightName, rightIp);
    }

    private void up(String namespace, String link, String address) throws Exception {
        String[] there = namespace == null ? new String[0] : new String[] {"-n", namespace};
        ip(there, "addr", "add", address + "/24", "dev", link);
        ip(there, "link", "set", link, "up");
    }

    /** The command that runs {@code words} on the node's machine. */
    List<String> onNode(List<String> words) {
        return in(node, words);
    }

    private static List<String> in(String namespace, List<String> words) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        all.addAll(words);
        return all;
    }

    /** Whether packets of {@code protocol} pass the routers; for icmp: whether they say when a packet is too large. */
    void pass(String protocol, boolean passes) throws Exception {
        for (String router : List.of(near, far)) {
            ip("-n", router, "rule", passes ? "del" : "add", "pref", "10", "ipproto", protocol, "blackhole");
        }
    }

    /** Whether the node's cable is plugged in. */
    void plugged(boolean in) throws Exception {
        ip("-n", node, "link", "set", "east", in ? "up" : "down");
        if (in) {
            ip("-n", node, "route", "replace", "default", "via", "10.213.3.1");
        }
    }

    /** The node's machine has another address from now on, and not its old one. */
    void moveNode(String from, String to) throws Exception {
        ip("-n", node, "addr", "add", to + "/24", "dev", "east");
        ip("-n", node, "addr", "del", from + "/24", "dev", "east");
        ip("-n", node, "addr", "replace", to + "/24", "dev", "east");
        ip("-n", node, "route", "replace", "default", "via", "10.213.3.1");
    }

    private static void ip(String... words) throws Exception {
        ip(new String[0], words);
    }

    private static void ip(String[] before, String... words) throws Exception {
        List<String> all = new ArrayList<>(List.of("ip"));
        Collections.addAll(all, before);
        Collections.addAll(all, words);
        must(all);
    }

    private static void must(List<String> command) throws Exception {
        if (run(command) != 0) {
            throw new IOException(String.join(" ", command) + " failed");
        }
    }

    private static int run(List<String> command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) {
                System.out.println(String.join(" ", command) + ": " + said.strip());
            }
            return code;
        } catch (IOException e) {
            System.out.println(String.join(" ", command) + ": " + e.getMessage());
            return -1;
        }
    }

    /** With the namespaces their links go as well, but later. */
    @Override
    public void close() throws Exception {
        run(List.of("ip", "link", "del", name));
        for (String one : List.of(node, far, near)) {
            run(List.of("ip", "netns", "del", one));
        }
    }
}
