// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import io.goinfer.certs.Identity;
import io.goinfer.certs.RelayTrust;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.wire.OneKey;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** A scripted node over TLS and TCP (PROTOCOL.md §3): any byte can be sent. */
public final class ScriptedTcpNode extends ScriptedNode {
    public static final String UPGRADE =
            "GET /.well-known/goinfer/v1 HTTP/1.1\r\nhost: relay\r\nconnection: Upgrade\r\n"
                    + "upgrade: goinfer-tunnel\r\n\r\n";

    public static final int FINISH = 0x30;
    public static final int CANCEL = 0x31;
    public static final int STOP = 0x32;
    public static final int CLOSE = 0x33;

    private final Socket socket;
    private final DataInputStream in;

    private ScriptedTcpNode(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(socket.getInputStream());
    }

    /** Connected, and no byte is sent. */
    public static ScriptedTcpNode connect(int port, Identity identity) throws IOException, GeneralSecurityException {
        SSLContext tls = SSLContext.getInstance("TLSv1.3");
        tls.init(
                new KeyManager[] {new OneKey(identity.key(), identity.chain())},
                new TrustManager[] {RelayTrust.of(identity.ca())},
                null);
        Socket socket = tls.getSocketFactory().createSocket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(10_000);
        return new ScriptedTcpNode(socket);
    }

    /** Connected, and the relay has switched to the tunnel. */
    public static ScriptedTcpNode dial(int port, Identity identity) throws IOException, GeneralSecurityException {
        ScriptedTcpNode node = connect(port, identity);
        node.raw(UPGRADE.getBytes(StandardCharsets.US_ASCII));
        String head = node.head();
        if (!head.startsWith("HTTP/1.1 101 ")) {
            throw new IOException("no tunnel: " + head);
        }
        return node.listen();
    }

    /** The head of an HTTP response, or what came of it before the end. */
    public String head() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        String text = "";
        for (int next = in.read();
                next >= 0 && !text.endsWith("\r\n\r\n");
                next = text.endsWith("\r\n\r\n") ? -1 : in.read()) {
            head.write(next);
            text = head.toString(StandardCharsets.ISO_8859_1);
        }
        return text;
    }

    /** From now on frames are heard. */
    public ScriptedTcpNode listen() {
        Thread reader = new Thread(this::read, LoggedFaults.SCRIPTED);
        reader.setDaemon(true);
        reader.start();
        return this;
    }

    private void read() {
        try {
            while (true) {
                int type = in.readUnsignedByte();
                int flags = in.readUnsignedByte();
                int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
                long stream = in.readInt() & 0xffffffffL;
                byte[] payload = in.readNBytes(length);
                if (type == CLOSE) {
                    ended(Code.of(ByteBuffer.wrap(payload).getInt()).name());
                }
                heard(type, flags, stream, payload);
            }
        } catch (IOException e) {
            ended("SESSION_LOST");
        }
    }

    private boolean relayIsGone;

    /** Any bytes. They go nowhere once the relay has closed the connection: it may do so in the middle of a frame. */
    public void raw(byte[] bytes) throws IOException {
        synchronized (socket) {
            try {
                if (!relayIsGone) {
                    socket.getOutputStream().write(bytes);
                }
            } catch (SocketException e) {
                relayIsGone = true;
            }
        }
    }

    public static byte[] encoded(long stream, RawFrame frame) {
        return Bytes.of()
                .u8(frame.type())
                .u8(frame.flags())
                .u24(frame.length())
                .u32(stream)
                .raw(frame.payload())
                .array();
    }

    @Override
    public void send(long stream, RawFrame frame) throws IOException {
        raw(encoded(stream, frame));
    }

    @Override
    public void finish(long stream) throws IOException {
        send(stream, RawFrame.of(FINISH, 0, Bytes.of()));
    }

    @Override
    public void cancel(long stream, long code) throws IOException {
        send(stream, RawFrame.of(CANCEL, 0, Bytes.of().u32(code)));
    }

    @Override
    public void stop(long stream, long code) throws IOException {
        send(stream, RawFrame.of(STOP, 0, Bytes.of().u32(code)));
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            ended("SESSION_LOST");
        }
    }
}
