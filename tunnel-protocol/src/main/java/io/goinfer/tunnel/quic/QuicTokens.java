// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.quic.QuicTokenHandler;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Address validation by Retry (RFC 9000 §8.1.2): time, HMAC over address, time and the client's first connection id, then that id. Valid for 10 s, only
 * for connection ids of this process.
 */
final class QuicTokens implements QuicTokenHandler {
    private static final int MAC_BYTES = 32;
    private static final int HEAD_BYTES = 8 + MAC_BYTES;
    private static final int MAX_ID_BYTES = 20;
    private static final long VALID_MILLIS = 10_000;

    private final BootKey key;
    private final ConnectionIds ids;
    private final HandshakeRate rate;

    /** @param rate of handshakes; asked once a good token is there, so that nobody can spend another's */
    QuicTokens(ConnectionIds ids, HandshakeRate rate) {
        this.rate = rate;
        byte[] secret = new byte[BootKey.BYTES];
        new SecureRandom().nextBytes(secret);
        this.key = new BootKey(secret);
        this.ids = ids;
    }

    @Override
    public boolean writeToken(ByteBuf out, ByteBuf dcid, InetSocketAddress address) {
        long now = System.currentTimeMillis();
        byte[] id = ByteBufUtil.getBytes(dcid);
        out.writeLong(now).writeBytes(mac(address, now, id)).writeBytes(id);
        return true;
    }

    @Override
    public TokenValidationResult validateToken(ByteBuf token, InetSocketAddress address, ByteBuf dcid) {
        // Netty takes the new connection id from the packet as it stands: it must be the one that our Retry gave.
        boolean ours = dcid.readableBytes() == ConnectionIds.BYTES && ids.isOurs(dcid, dcid.readerIndex());
        int offset = validateToken(token, address);
        return ours && offset >= 0 && rate.allows(Peers.address(address), System.nanoTime())
                ? TokenValidationResult.odcidFromToken(offset)
                : TokenValidationResult.invalidToken();
    }

    @Override
    public int validateToken(ByteBuf token, InetSocketAddress address) {
        byte[] bytes = ByteBufUtil.getBytes(token);
        if (bytes.length <= HEAD_BYTES || bytes.length > HEAD_BYTES + MAX_ID_BYTES) {
            return -1;
        }
        long time = ByteBuffer.wrap(bytes).getLong();
        byte[] id = Arrays.copyOfRange(bytes, HEAD_BYTES, bytes.length);
        byte[] mac = Arrays.copyOfRange(bytes, 8, HEAD_BYTES);
        long age = System.currentTimeMillis() - time;
        return MessageDigest.isEqual(mac, mac(address, time, id)) && age >= 0 && age <= VALID_MILLIS ? HEAD_BYTES : -1;
    }

    @Override
    public int maxTokenLength() {
        return HEAD_BYTES + MAX_ID_BYTES;
    }

    private byte[] mac(InetSocketAddress address, long time, byte[] id) {
        byte[] ip = address.getAddress().getAddress();
        ByteBuffer input = ByteBuffer.allocate(1 + ip.length + 4 + 8 + id.length);
        input.put((byte) ip.length)
                .put(ip)
                .putInt(address.getPort())
                .putLong(time)
                .put(id);
        return key.mac(input.array());
    }
}
