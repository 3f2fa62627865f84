// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Text;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStats;
import io.goinfer.tunnel.wire.WireStream;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicConnectionPathStats;
import io.netty.handler.codec.quic.QuicPathEvent;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A tunnel over one QUIC connection, from the 200 to the CONNECT on. Sits in the QUIC channel's pipeline to see it close. Confined to the channel's
 * event loop.
 */
final class QuicWire extends ChannelDuplexHandler implements Wire {
    private static final int MAX_REASON_BYTES = 200;
    private static final long CLOSE_GRACE_MILLIS = 50;

    private final QuicChannel channel;
    private final SocketAddress remote;
    private final boolean relay;
    private final ControlStream control;
    private final long sessionId;
    private final Copies copies;
    private final Coalescing coalescing;
    private final List<ExchangeStream> held = new ArrayList<>();
    private final FlushQueue flushes;
    private final BulkWindow bulk = new BulkWindow(System.nanoTime());
    private long received;
    private long granted;
    private long grantedWhenReceived;
    private Wire.@Nullable Events events;
    private boolean closed;
    private Code peerCode = Code.SESSION_LOST;
    private String peerReason = "the connection was lost";

    /** @param connect context of the CONNECT stream; this wire puts its own handler there */
    QuicWire(QuicChannel channel, ChannelHandlerContext connect, long connectStreamId, boolean relay) {
        this.channel = channel;
        this.relay = relay;
        this.sessionId = connectStreamId;
        this.copies = new Copies(channel, connectStreamId);
        this.coalescing = Coalescing.of(channel);
        this.flushes = new FlushQueue(channel.eventLoop(), coalescing);
        SocketAddress address = channel.remoteSocketAddress();
        this.remote = address == null ? new InetSocketAddress(0) : address;
        this.control = new ControlStream(this, connect);
        connect.pipeline().addAfter(connect.name(), "tunnel-control", control);
        channel.pipeline().addLast("tunnel-wire", this);
        ((QuicStreamChannel) connect.channel())
                .updatePriority(Priorities.CONTROL)
                .addListener(done -> {});
    }

    @Override
    public EventLoop loop() {
        return channel.eventLoop();
    }

    @Override
    public String transport() {
        return "quic";
    }

    @Override
    public SocketAddress remoteAddress() {
        return remote;
    }

    @Override
    public long features() {
        return Frame.Hello.COPIES;
    }

    @Override
    public void agreed(long features) {
        if ((features & Frame.Hello.COPIES) != 0) {
            copies.agree();
        }
    }

    @Override
    public void events(Wire.Events receiver) {
        events = receiver;
        List<ExchangeStream> streams = List.copyOf(held);
        held.clear();
        streams.forEach(this::onExchangeStream);
    }

    @Override
    public void sendControl(Frame.Control frame) {
        control.send(frame);
        coalescing.written();
    }

    @Override
    public WireStream open(WireStream.Events receiver) {
        ExchangeStream stream = new ExchangeStream(this, relay);
        stream.deliverTo(receiver);
        channel.createStream(QuicStreamType.BIDIRECTIONAL, stream).addListener(opened -> {
            if (!opened.isSuccess()) {
                stream.cancel(Code.REFUSED);
                // Without streams left it fails before this returns.
                loop().execute(() -> receiver.onCancel(Code.REFUSED));
            }
        });
        return stream;
    }

    @Override
    public void close(Code code, String reason) {
        if (!closed) {
            closed = true;
            byte[] text = reason.getBytes(StandardCharsets.UTF_8);
            ByteBuf bytes = Unpooled.wrappedBuffer(text, 0, Math.min(text.length, MAX_REASON_BYTES));
            channel.close(true, code.quicCode(), bytes).addListener(done -> {});
            Wire.Events told = events;
            if (told != null) {
                told.onClosed(code, reason);
            }
        }
    }

    @Override
    public void stats(Consumer<WireStats> sink) {
        Promise<QuicConnectionPathStats> promise = loop().newPromise();
        channel.collectPathStats(0, promise).addListener(done -> {
            if (promise.isSuccess()) {
                QuicConnectionPathStats path = promise.getNow();
                copies.measured(path.sent(), path.lost());
                bulk.measured(path.rtt(), System.nanoTime());
                sink.accept(new WireStats(
                        Duration.ofNanos(path.rtt()),
                        path.cwnd(),
                        path.sent(),
                        path.lost(),
                        path.recv(),
                        copies.sent()));
            }
        });
    }

    // ---- called by the streams

    ByteBufAllocator alloc() {
        return channel.alloc();
    }

    /** The stream has something to write. */
    void flushSoon(ExchangeStream stream) {
        flushes.add(stream);
    }

    /** What a bulk transfer has is to leave as soon as a packet has come: it may have made room. */
    void flushWhenRead(ExchangeStream stream, boolean servedNow) {
        flushes.whenRead(stream, servedNow);
    }

    /**
     * How much of a bulk transfer may leave now.
     *
     * @param capacity what quiche would take, as the stream was told when a packet came or it wrote
     * @param grantedBefore {@link #bulkGranted} then
     */
    int bulkRoom(long capacity, long grantedBefore, int wanted) {
        Promise<QuicConnectionPathStats> promise = loop().newPromise();
        Future<?> unused = channel.collectPathStats(0, promise);
        if (!promise.isSuccess()) {
            return wanted;
        }
        QuicConnectionPathStats path = promise.getNow();
        if (received != path.recv()) {
            received = path.recv();
            grantedWhenReceived = granted;
        }
        long since = granted - Math.max(grantedBefore, grantedWhenReceived);
        long underWay = Math.max(0, path.cwnd() - capacity) + since;
        long room = bulk.room(underWay, path.rtt(), System.nanoTime());
        int now = room >= wanted ? wanted : room < H3.UDP_PAYLOAD ? 0 : (int) room;
        granted += now;
        return now;
    }

    long bulkGranted() {
        return granted;
    }

    void bulk(boolean now) {
        flushes.bulk(now);
    }

    void blocked(boolean now) {
        coalescing.blocked(now);
    }

    boolean isRelay() {
        return relay;
    }

    Copies copies() {
        return copies;
    }

    /** Takes ownership. */
    void datagram(ByteBuf bytes) {
        Writes.flush(channel, bytes);
        coalescing.written();
    }

    long sessionId() {
        return sessionId;
    }

    void onControl(Frame.Control frame) {
        if (events == null) {
            Frame.release(frame);
            close(Code.PROTOCOL, frame.type() + " before it was asked for");
        } else {
            events.onControl(frame);
        }
    }

    /** Netty closes streams before it says why the connection closed: the reason is waited for. */
    void controlStreamClosed() {
        if (!closed) {
            Future<?> unused = loop().schedule(
                            () -> close(Code.NO_ERROR, "the control stream closed"),
                            CLOSE_GRACE_MILLIS,
                            TimeUnit.MILLISECONDS);
        }
    }

    /** True when the signal and the session id are read off; false while they are incomplete. */
    boolean checkPreface(ByteBuf in) {
        if (in.readableBytes() < 5) {
            return false;
        }
        int at = in.readerIndex();
        if (in.getInt(at) != H3.SIGNAL) {
            throw new FrameException(Code.PROTOCOL, "stream without the signal");
        }
        if (in.readableBytes() < 4 + Varint.size(in, at + 4)) {
            return false;
        }
        in.skipBytes(4);
        long id = Varint.read(in);
        if (id != sessionId) {
            throw new FrameException(Code.PROTOCOL, "stream of session " + id + " (expected: " + sessionId + ")");
        }
        return true;
    }

    /** Node: a relay-opened stream has shown its signal. */
    void onExchangeStream(ExchangeStream stream) {
        WireStream.Events receiver = events == null ? null : events.onStream(stream);
        if (receiver == null) {
            held.add(stream);
        } else {
            stream.deliverTo(receiver);
        }
    }

    // ---- events of the QUIC channel

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof QuicConnectionCloseEvent close) {
            peerCode = close.isApplicationClose() ? Code.ofQuic(close.error()) : Code.SESSION_LOST;
            peerReason = reason(close);
        } else if (event instanceof QuicPathEvent.PeerMigrated && events != null) {
            events.onPathChanged();
        }
        ctx.fireUserEventTriggered(event);
    }

    /** Bytes on the connection itself are datagrams. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (msg instanceof ByteBuf datagram) {
            copies.received(datagram);
        } else {
            ctx.fireChannelRead(msg);
        }
    }

    /** Of those that close connections here only HTTP/3 and QUIC do not come from {@link #close(Code, String)}: the other side broke their rules. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        ended(Code.PROTOCOL, "HTTP/3 or QUIC was violated");
        Future<?> unused = ctx.close(promise);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        copies.close();
        ended(peerCode, channel.isTimedOut() ? "no packet for 30 s" : peerReason);
        ctx.fireChannelInactive();
    }

    private void ended(Code code, String reason) {
        if (!closed) {
            closed = true;
            if (events != null) {
                events.onClosed(code, reason);
            }
        }
    }

    /** Netty 4.2.18 throws when the peer gave no reason. */
    static String reason(QuicConnectionCloseEvent close) {
        try {
            byte[] reason = close.reason();
            if (reason != null && reason.length > 0) {
                return Text.reason(new String(reason, StandardCharsets.UTF_8));
            }
        } catch (NullPointerException e) {
            return "closed by the other side, error " + close.error();
        }
        return "closed by the other side, error " + close.error();
    }
}
