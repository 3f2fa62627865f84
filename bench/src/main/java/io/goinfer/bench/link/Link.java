// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import io.goinfer.tunnel.wire.Writes;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A port of this machine that forwards UDP and TCP to another port of it, as a bad network would: delay, jitter, loss, rate, queue, black holes, NAT that
 * forgets. Thread-safe; all work is on one loop of its own.
 *
 * <p>TCP passes as a stream, from a sender that behaves as the kernel's: what a black hole swallowed is tried again after 200 ms, 400 ms, 800 ms and so on, and
 * so comes late when the hole is open again; a sender that hears no acknowledgement stops, whichever direction is dead; a connection that is dialled meanwhile
 * waits for its SYN.
 */
public final class Link implements AutoCloseable {
    private static final InetAddress HOST = InetAddress.getLoopbackAddress();
    private static final int ATTEMPTS = 20;

    /** Of the kernel, between a sender and us: what waits for the line is to wait in {@link TcpFlow}, whose limit is a real sender's. */
    private static final int TCP_BUFFER = 64 << 10;

    /** Towards the target, or back. */
    public enum Direction {
        THERE,
        BACK
    }

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final InetSocketAddress target;
    private final Pipe there = new Pipe(new SplittableRandom());
    private final Pipe back = new Pipe(new SplittableRandom());
    private final Map<InetSocketAddress, Channel> flows = new HashMap<>();
    private final Set<TcpPath> paths = new LinkedHashSet<>();
    private final Channel tcpPort;
    private final Channel udpPort;
    private final AtomicInteger timeouts = new AtomicInteger();
    private volatile int connections;
    private volatile boolean udp = true;
    private volatile boolean tcp = true;

    /** @throws IOException if no port is free for both */
    public Link(int targetPort) throws IOException {
        this.target = new InetSocketAddress(HOST, targetPort);
        Channel stream = null;
        Channel datagrams = null;
        for (int i = 0; datagrams == null && i < ATTEMPTS; i++) {
            stream = bindTcp();
            try {
                datagrams = bindUdp(((InetSocketAddress) stream.localAddress()).getPort());
            } catch (RuntimeException e) {
                stream.close().syncUninterruptibly();
            }
        }
        if (stream == null || datagrams == null) {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
            throw new IOException("no port that is free for TCP and UDP");
        }
        this.tcpPort = stream;
        this.udpPort = datagrams;
    }

    public int port() {
        return ((InetSocketAddress) tcpPort.localAddress()).getPort();
    }

    // ---- faults

    public void conditions(Conditions both) {
        conditions(Direction.THERE, both);
        conditions(Direction.BACK, both);
    }

    public void conditions(Direction direction, Conditions now) {
        run(() -> pipe(direction).conditions(now));
    }

    /** False: a black hole for everything in this direction. */
    public void pass(Direction direction, boolean passes) {
        run(() -> pipe(direction).open(passes));
    }

    public void pass(boolean passes) {
        pass(Direction.THERE, passes);
        pass(Direction.BACK, passes);
    }

    /** False: every datagram is dropped. */
    public void udp(boolean passes) {
        udp = passes;
    }

    /** False: new connections are refused. */
    public void tcp(boolean passes) {
        tcp = passes;
    }

    /** NAT forgot the mappings: what comes next leaves from another port, and nothing comes back to the ports before. */
    public void rebindUdp() {
        run(() -> {
            flows.values().forEach(Writes::close);
            flows.clear();
        });
    }

    /** NAT forgot the connections: nothing passes on them any more, and nobody is told. */
    public void forgetTcp() {
        run(() -> paths.forEach(TcpPath::forget));
    }

    /** Resets every connection. */
    public void cutTcp() {
        run(() -> Set.copyOf(paths).forEach(TcpPath::cut));
    }

    private void run(Runnable change) {
        loop.submit(change).syncUninterruptibly();
    }

    Pipe pipe(Direction direction) {
        return direction == Direction.THERE ? there : back;
    }

    boolean passesBothWays() {
        return there.isOpen() && back.isOpen();
    }

    /** In nanoseconds, without the wait for the rate. */
    long roundTrip() {
        return there.delay() + back.delay();
    }

    void over(TcpPath path) {
        paths.remove(path);
        connections = paths.size();
    }

    /** Of TCP. */
    int connections() {
        return connections;
    }

    /** How often a sender or a dial of TCP found the line still dead. */
    int timeouts() {
        return timeouts.get();
    }

    void timedOut() {
        timeouts.incrementAndGet();
    }

    /** On the loop. {@code at} in nanoseconds. */
    void at(long at, Runnable delivery) {
        long wait = at - System.nanoTime();
        if (wait <= 0) {
            delivery.run();
        } else {
            loop.schedule(delivery, wait, TimeUnit.NANOSECONDS).addListener(done -> {});
        }
    }

    // ---- UDP

    private Channel bindUdp(int port) {
        return new Bootstrap()
                .group(loop)
                .channel(NioDatagramChannel.class)
                .option(ChannelOption.SO_RCVBUF, 4 << 20)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(2_048))
                .handler(new Datagrams(this::fromNear))
                .bind(HOST, port)
                .syncUninterruptibly()
                .channel();
    }

    private interface Receiver {
        void received(DatagramPacket packet);
    }

    private static final class Datagrams extends SimpleChannelInboundHandler<DatagramPacket> {
        private final Receiver receiver;

        Datagrams(Receiver receiver) {
            super(false);
            this.receiver = receiver;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
            receiver.received(packet);
        }
    }

    private void fromNear(DatagramPacket packet) {
        InetSocketAddress near = packet.sender();
        Channel flow = flows.computeIfAbsent(near, this::flow);
        forward(packet, there, flow, target);
    }

    private Channel flow(InetSocketAddress near) {
        return new Bootstrap()
                .group(loop)
                .channel(NioDatagramChannel.class)
                .option(ChannelOption.SO_RCVBUF, 4 << 20)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(2_048))
                .handler(new Datagrams(packet -> forward(packet, back, udpPort, near)))
                .bind(HOST, 0)
                .channel();
    }

    private void forward(DatagramPacket packet, Pipe pipe, Channel out, InetSocketAddress to) {
        long now = System.nanoTime();
        long at = udp ? pipe.packet(packet.content().readableBytes(), now) : Pipe.DROPPED;
        if (at == Pipe.DROPPED) {
            packet.release();
        } else {
            at(
                    at,
                    () -> out.writeAndFlush(new DatagramPacket(packet.content(), to))
                            .addListener(done -> {}));
        }
    }

    // ---- TCP

    private Channel bindTcp() {
        return new ServerBootstrap()
                .group(loop, loop)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_RCVBUF, TCP_BUFFER)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel near) {
                        if (tcp) {
                            opened(near);
                        } else {
                            Writes.close(near);
                        }
                    }
                })
                .bind(HOST, 0)
                .syncUninterruptibly()
                .channel();
    }

    private void opened(Channel near) {
        TcpPath path = new TcpPath(this, near);
        paths.add(path);
        connections = paths.size();
        path.dial();
    }

    /** A channel to the target that reads only when told to. */
    ChannelFuture connect() {
        return new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_RCVBUF, TCP_BUFFER)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(target);
    }

    @Override
    public void close() {
        run(() -> Set.copyOf(paths).forEach(TcpPath::close));
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
