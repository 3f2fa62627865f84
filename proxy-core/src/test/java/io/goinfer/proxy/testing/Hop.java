// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A port in front of a relay's: what comes by UDP or TCP passes, or does not. The network in between, for tests. */
public final class Hop implements AutoCloseable {
    private static final InetAddress HOST = InetAddress.getLoopbackAddress();

    private final int target;
    private final ServerSocket tcpPort;
    private final DatagramSocket udpPort;
    private final Map<SocketAddress, DatagramSocket> flows = new ConcurrentHashMap<>();
    private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();
    public volatile boolean udp = true;
    public volatile boolean tcp = true;

    public Hop(int target) throws IOException {
        this.target = target;
        ServerSocket stream = null;
        DatagramSocket datagrams = null;
        while (datagrams == null) {
            stream = new ServerSocket(0, 50, HOST);
            try {
                datagrams = new DatagramSocket(stream.getLocalPort(), HOST);
            } catch (BindException e) {
                stream.close();
            }
        }
        this.tcpPort = stream;
        this.udpPort = datagrams;
        run(this::accept);
        run(this::fromNodes);
    }

    public int port() {
        return tcpPort.getLocalPort();
    }

    /** Cuts every TCP connection that passes through here. */
    public void cutTcp() {
        open.forEach(Hop::quietly);
        open.clear();
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void run(Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // Closed by one of its ends.
                        Thread.currentThread().interrupt();
                    }
                },
                "hop");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket near = tcpPort.accept();
            if (!tcp) {
                near.close();
                continue;
            }
            Socket far = new Socket(HOST, target);
            open.add(near);
            open.add(far);
            run(() -> pump(near, far));
            run(() -> pump(far, near));
        }
    }

    private static void pump(Socket from, Socket to) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[16 << 10];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
            }
        }
    }

    private void fromNodes() throws IOException {
        while (true) {
            DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
            udpPort.receive(packet);
            if (udp) {
                DatagramSocket flow = flows.get(packet.getSocketAddress());
                if (flow == null) {
                    flow = flow(packet.getSocketAddress());
                }
                packet.setSocketAddress(new InetSocketAddress(HOST, target));
                flow.send(packet);
            }
        }
    }

    private DatagramSocket flow(SocketAddress node) throws IOException {
        DatagramSocket flow = new DatagramSocket(0, HOST);
        flows.put(node, flow);
        run(() -> {
            while (true) {
                DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
                flow.receive(packet);
                if (udp) {
                    packet.setSocketAddress(node);
                    udpPort.send(packet);
                }
            }
        });
        return flow;
    }

    private static void quietly(AutoCloseable one) {
        try {
            one.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        tcpPort.close();
        udpPort.close();
        flows.values().forEach(DatagramSocket::close);
        cutTcp();
    }
}
