// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.goinfer.bench.Outage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Several machines on this one: the node's network namespace, two routers, and a veth link to where the test and the relay are.
 *
 * <pre>
 * relay 198.18.X.1 ── 1500 ── near ── the path's MTU ── far ── 1500 ── 198.18.X.34 node
 * </pre>
 *
 * Each has names and addresses (of those for tests of networks, RFC 2544) of its own, so that several stand beside each other.
 * Needs root and {@code ip}; a test is skipped, and says so, where they are not at hand.
 */
final class Namespaces implements AutoCloseable {
    private static final AtomicInteger MADE = new AtomicInteger();
    private static final int MOST_AT_ONCE = 8;

    private final String name;
    private final String net;
    private final String node;
    private final String near;
    private final String far;

    private Namespaces(long pid, int number) {
        name = "gi" + pid + "-" + number;
        long network = (pid * MOST_AT_ONCE + number) % 512;
        net = "198." + (18 + network / 256) + "." + network % 256 + ".";
        node = name + "-node";
        near = name + "-near";
        far = name + "-far";
    }

    static Namespaces create(int pathMtu) throws IOException, InterruptedException {
        Namespaces net = new Namespaces(ProcessHandle.current().pid(), MADE.getAndIncrement() % MOST_AT_ONCE);
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

    String relay() {
        return net + 1;
    }

    String node() {
        return net + 34;
    }

    private void lay(int pathMtu) throws IOException, InterruptedException {
        ip("netns", "add", near);
        ip("netns", "add", far);
        pair(null, name, relay(), near, "east", net + 2, 1_500);
        pair(near, "west", net + 17, far, "east", net + 18, pathMtu);
        pair(far, "west", net + 33, node, "east", node(), 1_500);
        ip("route", "add", net + "32/28", "via", net + 2);
        ip("-n", near, "route", "add", net + "32/28", "via", net + 18);
        ip("-n", far, "route", "add", net + "0/28", "via", net + 17);
        ip("-n", node, "route", "add", "default", "via", net + 33);
        ip("-n", node, "link", "set", "lo", "up");
        for (String router : List.of(near, far)) {
            must(in(router, List.of("sysctl", "-qw", "net.ipv4.ip_forward=1")));
        }
    }

    private void pair(
            String left, String leftName, String leftIp, String right, String rightName, String rightIp, int mtu)
            throws IOException, InterruptedException {
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

    private void up(String namespace, String link, String address) throws IOException, InterruptedException {
        String[] there = namespace == null ? new String[0] : new String[] {"-n", namespace};
        ip(there, "addr", "add", address + "/28", "dev", link);
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
    void pass(String protocol, boolean passes) throws IOException, InterruptedException {
        for (String router : List.of(near, far)) {
            ip("-n", router, "rule", passes ? "del" : "add", "pref", "10", "ipproto", protocol, "blackhole");
        }
    }

    /** A router that passes nothing of it; or everything again. */
    void pass(Outage.What what, boolean passes) throws IOException, InterruptedException {
        switch (what) {
            case UDP -> pass("udp", passes);
            case TO_NODE -> swallow("east", !passes);
            case TO_RELAY -> swallow("west", !passes);
            case ALL -> {
                swallow("east", !passes);
                swallow("west", !passes);
            }
        }
    }

    /** What comes in at this link of the router at the node. */
    private void swallow(String link, boolean all) throws IOException, InterruptedException {
        ip("-n", far, "rule", all ? "add" : "del", "pref", "9", "iif", link, "blackhole");
    }

    /** Whether the node's cable is plugged in. */
    void plugged(boolean in) throws IOException, InterruptedException {
        ip("-n", node, "link", "set", "east", in ? "up" : "down");
        if (in) {
            ip("-n", node, "route", "replace", "default", "via", net + 33);
        }
    }

    /** The node's machine has another address from now on, and not its old one. */
    void moveNode() throws IOException, InterruptedException {
        String from = node();
        String to = net + 39;
        ip("-n", node, "addr", "add", to + "/28", "dev", "east");
        ip("-n", node, "addr", "del", from + "/28", "dev", "east");
        ip("-n", node, "addr", "replace", to + "/28", "dev", "east");
        ip("-n", node, "route", "replace", "default", "via", net + 33);
    }

    private static void ip(String... words) throws IOException, InterruptedException {
        ip(new String[0], words);
    }

    private static void ip(String[] before, String... words) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("ip"));
        Collections.addAll(all, before);
        Collections.addAll(all, words);
        must(all);
    }

    private static void must(List<String> command) throws IOException, InterruptedException {
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
    public void close() throws IOException, InterruptedException {
        run(List.of("ip", "link", "del", name));
        for (String one : List.of(node, far, near)) {
            run(List.of("ip", "netns", "del", one));
        }
    }
}
