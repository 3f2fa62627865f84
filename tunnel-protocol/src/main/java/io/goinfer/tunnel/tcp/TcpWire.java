// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameEncoder;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.wire.ControlQueue;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStats;
import io.goinfer.tunnel.wire.WireStream;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A tunnel over one TLS connection, from the blank line of the 101 on. Confined to the channel's event loop. */
final class TcpWire implements Wire {
    private static final Logger LOG = LoggerFactory.getLogger(TcpWire.class);

    static final String HANDLER = "tunnel-wire";

    /** What one flush hands to TLS; more would only wait where nothing can overtake it. */
    private static final int ROUND_BYTES = 32 << 10;

    /** Far above any session's limit: a peer that opens more is not one of ours. */
    private static final int MAX_STREAMS = 16 << 10;

    private static final long CLOSE_SECONDS = 3;

    private final Channel channel;
    private final SocketAddress remote;
    private final boolean relay;
    private final Outgoing outgoing = new Outgoing();
    private final IntObjectMap<TcpStream> streams = new IntObjectHashMap<>();
    private final Set<TcpStream> writable = new LinkedHashSet<>();
    private final Set<TcpStream> read = new LinkedHashSet<>();
    private Wire.@Nullable Events events;
    private int newest = -1;
    private boolean flushAsked;
    private boolean overloaded;
    private boolean closed;

    private TcpWire(Channel channel, boolean relay) {
        this.channel = channel;
        this.relay = relay;
        SocketAddress address = channel.remoteAddress();
        this.remote = address == null ? new InetSocketAddress(0) : address;
    }

    /** Puts the wire at the end of the channel's pipeline. */
    static TcpWire over(Channel channel, boolean relay) {
        TcpWire wire = new TcpWire(channel, relay);
        TcpSockets.shortQueue(channel);
        channel.pipeline().addLast(HANDLER, new TcpFrames(wire));
        return wire;
    }

    @Override
    public EventLoop loop() {
        return channel.eventLoop();
    }

    @Override
    public String transport() {
        return "tcp";
    }

    @Override
    public SocketAddress remoteAddress() {
        return remote;
    }

    @Override
    public void events(Wire.Events receiver) {
        events = receiver;
    }

    @Override
    public void sendControl(Frame.Control frame) {
        if (closed || overloaded) {
            Frame.release(frame);
            return;
        }
        LOG.trace(">> {} {}", remote, frame);
        ByteBuf bytes = alloc().directBuffer(256);
        boolean done = false;
        try {
            FrameEncoder.encode(frame, 0, bytes);
            done = true;
        } finally {
            if (!done) {
                bytes.release();
            }
        }
        queued(outgoing.control(frame.type(), bytes));
    }

    /** The other side makes us say more than it reads. Not at once: who speaks is in the middle of something. */
    private void queued(boolean fits) {
        if (fits) {
            flushSoon();
        } else if (!overloaded) {
            overloaded = true;
            loop().execute(() -> {
                outgoing.close();
                close(Code.OVERLOAD, "over " + ControlQueue.MAX_BYTES + " bytes of control frames wait to be read");
            });
        }
    }

    @Override
    public WireStream open(WireStream.Events receiver) {
        if (newest > Integer.MAX_VALUE - 2) {
            loop().execute(() -> close(Code.DRAINING, "stream ids are used up"));
        } else {
            newest += 2;
        }
        TcpStream stream = new TcpStream(this, newest);
        stream.deliverTo(receiver);
        if (closed) {
            stream.close();
        } else {
            streams.put(newest, stream);
        }
        return stream;
    }

    @Override
    public void close(Code code, String reason) {
        if (closed) {
            return;
        }
        // Whatever comes of the writes, this is why it ended.
        closed = true;
        // What was said before, HELLO_REJECT say, is said first.
        for (ByteBuf frame = outgoing.pollControl(); frame != null; frame = outgoing.pollControl()) {
            Writes.write(channel, frame);
        }
        Writes.flushAndClose(channel, Mark.close(code, reason, alloc().directBuffer(64)));
        Future<?> unused = loop().schedule(() -> Writes.close(channel), CLOSE_SECONDS, TimeUnit.SECONDS);
        closed(code, reason);
    }

    private void closed(Code code, String reason) {
        closed = true;
        outgoing.close();
        Wire.Events told = events;
        if (told != null) {
            told.onClosed(code, reason);
        }
        List.copyOf(streams.values()).forEach(TcpStream::close);
        outgoing.close();
    }

    @Override
    public void stats(Consumer<WireStats> sink) {
        WireStats stats = TcpSockets.stats(channel);
        loop().execute(() -> sink.accept(stats));
    }

    // ---- called by the streams

    ByteBufAllocator alloc() {
        return channel.alloc();
    }

    /** A credit or a cancel. Takes ownership. */
    void signal(ByteBuf frame) {
        if (closed || overloaded) {
            frame.release();
        } else {
            queued(outgoing.signal(frame));
        }
    }

    void ready(TcpStream stream) {
        outgoing.ready(stream);
        flushSoon();
    }

    void unready(TcpStream stream) {
        outgoing.drop(stream);
    }

    /** To be told when this turn's writing is done. */
    void becameWritable(TcpStream stream) {
        writable.add(stream);
    }

    void forget(TcpStream stream) {
        streams.remove(stream.id(), stream);
        writable.remove(stream);
    }

    // ---- writing

    private void flushSoon() {
        if (!flushAsked) {
            flushAsked = true;
            loop().execute(this::flush);
        }
    }

    /** Sends until nothing waits or the socket has enough. */
    void flush() {
        flushAsked = false;
        boolean more = !closed;
        while (more && channel.isWritable()) {
            more = round();
            channel.flush();
        }
        if (!writable.isEmpty()) {
            List<TcpStream> streamsToTell = new ArrayList<>(writable);
            writable.clear();
            streamsToTell.forEach(TcpStream::tellWritable);
        }
    }

    /** False when nothing waits any more. */
    private boolean round() {
        int written = 0;
        while (written < ROUND_BYTES) {
            ByteBuf frame = outgoing.poll();
            if (frame == null) {
                return false;
            }
            written += frame.readableBytes();
            Writes.write(channel, frame);
        }
        return true;
    }

    // ---- reading, called by TcpFrames

    boolean isOpen() {
        return !closed;
    }

    void onControl(Frame.Control frame) {
        LOG.trace("<< {} {}", remote, frame);
        Wire.Events receiver = events;
        if (receiver == null) {
            Frame.release(frame);
            close(Code.PROTOCOL, frame.type() + " before it was asked for");
        } else {
            receiver.onControl(frame);
        }
    }

    /**
     * The stream that a frame belongs to; null drops the frame. A REQUEST opens it.
     *
     * @throws FrameException for ids that the relay cannot have given
     */
    @Nullable
    TcpStream stream(int id, boolean request) {
        TcpStream known = streams.get(id);
        if (known != null) {
            read.add(known);
            return known;
        }
        if (id < 0 || (id & 1) == 0 || relay && id > newest) {
            throw new FrameException(Code.PROTOCOL, "frame on stream " + Integer.toUnsignedString(id));
        }
        if (id <= newest) {
            return null;
        }
        if (!request) {
            throw new FrameException(Code.PROTOCOL, "stream " + id + " does not start with REQUEST");
        }
        return accept(id);
    }

    /** As {@link #stream}, for marks: those on streams that are not there are late. */
    @Nullable
    TcpStream known(int id) {
        TcpStream stream = streams.get(id);
        if (stream != null) {
            read.add(stream);
        }
        return stream;
    }

    private TcpStream accept(int id) {
        if (streams.size() >= MAX_STREAMS) {
            throw new FrameException(Code.PROTOCOL, "over " + MAX_STREAMS + " streams");
        }
        newest = id;
        TcpStream stream = new TcpStream(this, id);
        streams.put(id, stream);
        WireStream.Events receiver = events == null ? null : events.onStream(stream);
        if (receiver == null) {
            throw new FrameException(Code.PROTOCOL, "a stream before HELLO_OK");
        }
        stream.deliverTo(receiver);
        read.add(stream);
        return stream;
    }

    void onReadComplete() {
        if (!read.isEmpty()) {
            List<TcpStream> batch = new ArrayList<>(read);
            read.clear();
            batch.forEach(TcpStream::onReadComplete);
        }
    }

    /** The other side closed and said why. */
    void onPeerClose(Code code, String reason) {
        if (!closed) {
            closed(code, reason);
            Writes.close(channel);
        }
    }

    void onLost(String reason) {
        if (!closed) {
            closed(Code.SESSION_LOST, reason);
        }
    }
}
