// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import io.goinfer.certs.Identity;
import io.goinfer.certs.RelayTrust;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.quic.QuicTls;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.DefaultHttp3SettingsFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3ClientConnectionHandler;
import io.netty.handler.codec.http3.Http3DataFrame;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.http3.Http3Settings;
import io.netty.handler.codec.http3.Http3SettingsFrame;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A scripted node over QUIC (PROTOCOL.md §2): any frame on any stream, resets, datagrams. */
public final class ScriptedQuicNode extends ScriptedNode {
    private static final long GOINFER_TUNNEL = 0x676f6901L;

    /** Signal and session id, before the frames of an exchange stream. */
    private static final int PREFACE = 12;

    private static final int HEADER = 5;
    private static final EventLoopGroup GROUP = new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory(LoggedFaults.SCRIPTED, true), NioIoHandler.newFactory());

    private final Map<Long, QuicStreamChannel> streams = new ConcurrentHashMap<>();
    private final CompletableFuture<String> answered = new CompletableFuture<>();
    private final boolean saysTunnel;
    private final String protocol;
    private Channel datagrams;
    private QuicChannel quic;

    private ScriptedQuicNode(boolean saysTunnel, String protocol) {
        this.saysTunnel = saysTunnel;
        this.protocol = protocol;
    }

    /** Connected, and the relay has answered CONNECT with 200. */
    public static ScriptedQuicNode dial(int port, Identity identity) throws IOException {
        ScriptedQuicNode node = new ScriptedQuicNode(true, "goinfer-tunnel");
        String status = node.connect(port, identity);
        if (!status.equals("200")) {
            throw new IOException("no tunnel: " + status);
        }
        return node;
    }

    /** The status of CONNECT of a node that does not say what it should. */
    public static String refused(int port, Identity identity, boolean saysTunnel, String protocol) throws IOException {
        try (ScriptedQuicNode node = new ScriptedQuicNode(saysTunnel, protocol)) {
            return node.connect(port, identity);
        }
    }

    private String connect(int port, Identity identity) throws IOException {
        QuicSslContext tls = QuicTls.node(identity.key(), identity.chain(), RelayTrust.of(identity.ca()));
        ChannelHandler codec = new QuicClientCodecBuilder()
                .sslEngineProvider(channel -> tls.newEngine(channel.alloc(), "127.0.0.1", port))
                .maxIdleTimeout(30, TimeUnit.SECONDS)
                .initialMaxData(24 << 20)
                .initialMaxStreamsBidirectional(1_024)
                .initialMaxStreamsUnidirectional(16)
                .initialMaxStreamDataBidirectionalLocal(64 << 10)
                .initialMaxStreamDataBidirectionalRemote(2 << 20)
                .initialMaxStreamDataUnidirectional(64 << 10)
                .datagram(4_096, 4_096)
                .build();
        datagrams = new Bootstrap()
                .group(GROUP)
                .channel(NioDatagramChannel.class)
                .handler(codec)
                .bind(new InetSocketAddress("127.0.0.1", 0))
                .syncUninterruptibly()
                .channel();
        quic = got(QuicChannel.newBootstrap(datagrams)
                .handler(new ChannelInitializer<QuicChannel>() {
                    @Override
                    protected void initChannel(QuicChannel channel) {
                        channel.pipeline().addLast(new Watch()).addLast(new Http());
                    }
                })
                .remoteAddress(new InetSocketAddress("127.0.0.1", port))
                .connect());
        try {
            return answered.get(10, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IOException("no answer to CONNECT", e);
        }
    }

    private static <T> T got(io.netty.util.concurrent.Future<T> future) throws IOException {
        if (!future.awaitUninterruptibly(10, TimeUnit.SECONDS) || !future.isSuccess()) {
            throw new IOException(future.cause());
        }
        return future.getNow();
    }

    private static void done(io.netty.util.concurrent.Future<?> future) throws IOException {
        got(future);
    }

    // ---- what it says

    private static byte[] encoded(RawFrame frame) {
        return Bytes.of()
                .u8(frame.type())
                .u8(frame.flags())
                .u24(frame.length())
                .raw(frame.payload())
                .array();
    }

    private QuicStreamChannel stream(long id) throws IOException {
        QuicStreamChannel known = streams.get(id);
        if (known == null) {
            throw new IOException("no stream " + id);
        }
        return known;
    }

    @Override
    public void send(long stream, RawFrame frame) throws IOException {
        raw(stream, encoded(frame));
    }

    /** Any bytes on a stream; on the control stream in a DATA frame of HTTP/3. */
    public void raw(long stream, byte[] bytes) throws IOException {
        ByteBuf content = Unpooled.wrappedBuffer(bytes);
        done(stream(stream).writeAndFlush(stream == 0 ? new DefaultHttp3DataFrame(content) : content));
    }

    @Override
    public void finish(long stream) throws IOException {
        done(stream(stream).shutdownOutput());
    }

    @Override
    public void cancel(long stream, long code) throws IOException {
        QuicStreamChannel to = stream(stream);
        done(to.shutdownInput((int) code, to.newPromise()));
        done(to.shutdownOutput((int) code, to.newPromise()));
    }

    /** RESET_STREAM alone, with a code as it goes over the wire. */
    public void resetStream(long stream, long quicCode) throws IOException {
        QuicStreamChannel to = stream(stream);
        done(to.shutdownOutput((int) quicCode, to.newPromise()));
    }

    @Override
    public void stop(long stream, long code) throws IOException {
        QuicStreamChannel to = stream(stream);
        done(to.shutdownInput((int) code, to.newPromise()));
    }

    public void datagram(byte[] payload) throws IOException {
        done(quic.writeAndFlush(Unpooled.wrappedBuffer(payload)));
    }

    /** A stream of its own, with these bytes on it. */
    public void open(QuicStreamType type, byte[] bytes) throws IOException {
        QuicStreamChannel own = got(quic.createStream(type, new ChannelInboundHandlerAdapter()));
        done(own.writeAndFlush(Unpooled.wrappedBuffer(bytes)));
    }

    /** CONNECTION_CLOSE with a code as it goes over the wire. */
    public void closeWith(int quicCode, String reason) throws IOException {
        done(quic.close(true, quicCode, Unpooled.wrappedBuffer(Bytes.of(reason).array())));
    }

    @Override
    public void close() {
        if (quic != null) {
            quic.close(true, 0x676f0000, Unpooled.EMPTY_BUFFER).awaitUninterruptibly(2, TimeUnit.SECONDS);
        }
        if (datagrams != null) {
            datagrams.close().awaitUninterruptibly(2, TimeUnit.SECONDS);
        }
    }

    // ---- what it hears

    private final class Watch extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof QuicConnectionCloseEvent close) {
                ended(Code.ofQuic(close.error()).name());
            }
            ctx.fireUserEventTriggered(event);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof ByteBuf) {
                ReferenceCountUtil.release(msg);
            } else {
                ctx.fireChannelRead(msg);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            answered.complete("closed");
            ended("SESSION_LOST");
            ctx.fireChannelInactive();
        }
    }

    private final class Http extends Http3ClientConnectionHandler {
        Http() {
            super(new Settings(), null, null, settings(), true, (id, value) -> id == GOINFER_TUNNEL);
        }

        @Override
        protected void initBidirectionalStream(ChannelHandlerContext ctx, QuicStreamChannel channel) {
            streams.put(channel.streamId(), channel);
            channel.pipeline().addLast(new Frames(channel.streamId(), PREFACE));
        }
    }

    private Http3SettingsFrame settings() {
        Http3Settings settings = new Http3Settings((id, value) -> id == GOINFER_TUNNEL);
        settings.maxFieldSectionSize(16 << 10);
        if (saysTunnel) {
            settings.put(GOINFER_TUNNEL, 1L);
        }
        settings.enableH3Datagram(true);
        return new DefaultHttp3SettingsFrame(settings);
    }

    private final class Settings extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof Http3SettingsFrame) {
                QuicChannel channel = (QuicChannel) ctx.channel().parent();
                Http3.newRequestStream(channel, new Control()).addListener(opened -> {
                    if (opened.isSuccess()) {
                        connect((QuicStreamChannel) opened.getNow());
                    } else {
                        answered.completeExceptionally(opened.cause());
                    }
                });
            }
            ReferenceCountUtil.release(msg);
        }

        private void connect(QuicStreamChannel stream) {
            streams.put(0L, stream);
            Http3HeadersFrame head = new DefaultHttp3HeadersFrame();
            head.headers()
                    .method("CONNECT")
                    .scheme("https")
                    .authority("relay")
                    .path("/.well-known/goinfer/v1")
                    .add(":protocol", protocol);
            stream.writeAndFlush(head).addListener(sent -> {
                if (!sent.isSuccess()) {
                    answered.completeExceptionally(sent.cause());
                }
            });
        }
    }

    /** The answer to CONNECT, then the control stream. */
    private final class Control extends ChannelInboundHandlerAdapter {
        private final Frames frames = new Frames(0, 0);

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof Http3HeadersFrame head) {
                answered.complete(String.valueOf(head.headers().status()));
            } else if (msg instanceof Http3DataFrame data) {
                frames.read(data.content());
            } else {
                ReferenceCountUtil.release(msg);
            }
        }
    }

    private final class Frames extends ChannelInboundHandlerAdapter {
        private final long stream;
        private int skip;
        private byte[] partial = new byte[0];

        Frames(long stream, int skip) {
            this.stream = stream;
            this.skip = skip;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof QuicStreamFrame frame) {
                read(frame.content());
            } else if (msg instanceof ByteBuf bytes) {
                read(bytes);
            } else {
                ReferenceCountUtil.release(msg);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // The relay reset the stream.
            skip = 0;
        }

        void read(ByteBuf in) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(partial);
            all.writeBytes(ByteBufUtil.getBytes(in));
            in.release();
            ByteBuf bytes = Unpooled.wrappedBuffer(all.toByteArray());
            int step = Math.min(skip, bytes.readableBytes());
            bytes.skipBytes(step);
            skip -= step;
            while (bytes.readableBytes() >= HEADER
                    && bytes.readableBytes() >= HEADER + bytes.getUnsignedMedium(bytes.readerIndex() + 2)) {
                int type = bytes.readUnsignedByte();
                int flags = bytes.readUnsignedByte();
                byte[] payload = new byte[bytes.readUnsignedMedium()];
                bytes.readBytes(payload);
                heard(type, flags, stream, payload);
            }
            partial = ByteBufUtil.getBytes(bytes);
        }
    }
}
