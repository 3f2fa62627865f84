// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.handler.codec.http3.DefaultHttp3SettingsFrame;
import io.netty.handler.codec.http3.Http3Settings;
import io.netty.handler.codec.http3.Http3SettingsFrame;
import io.netty.handler.codec.quic.QuicCodecBuilder;
import io.netty.handler.codec.quic.QuicCongestionControlAlgorithm;
import java.util.concurrent.TimeUnit;

/** What both ends say in SETTINGS and transport parameters: PROTOCOL.md §2, §6.5. */
final class H3 {
    /** SETTINGS: relay-opened bidirectional streams are understood here. */
    static final long GOINFER_TUNNEL = 0x676f6901L;

    /** Start of an exchange stream, as a four-byte variable-length integer. */
    static final int SIGNAL = 0x80676f69;

    /** Above the largest credit (1 MiB) by enough for heads, so that QUIC's stream windows never decide. */
    static final long STREAM_WINDOW = 1280 << 10;

    /** quiche's own cap; more has no effect, less would let stalled streams stop the others (docs/decisions/003). */
    private static final long CONNECTION_WINDOW = 24 << 20;

    /** Copies that wait to be read or sent; more are dropped, which is no loss. */
    private static final int MAX_DATAGRAMS = 256;

    /** HTTP/3's own: control, and two of QPACK (RFC 9114 §6.2); and one for reserved types. */
    private static final int UNIDIRECTIONAL_STREAMS = 4;

    private static final int IDLE_SECONDS = 30;
    private static final int MAX_FIELD_SECTION = 16 << 10;

    /** Fits a path of 1280 bytes with any tunnel header on it. */
    static final int UDP_PAYLOAD = 1200;

    private H3() {}

    static Http3SettingsFrame settings(boolean relay) {
        // The predicate lets our private setting pass; Netty drops unknown ones otherwise.
        Http3Settings settings = new Http3Settings((id, value) -> id == GOINFER_TUNNEL);
        settings.maxFieldSectionSize(MAX_FIELD_SECTION);
        settings.put(GOINFER_TUNNEL, 1L);
        settings.enableH3Datagram(true);
        if (relay) {
            settings.enableConnectProtocol(true);
        }
        return new DefaultHttp3SettingsFrame(settings);
    }

    static boolean understandsUs(Http3SettingsFrame frame) {
        Long value = frame.settings().get(GOINFER_TUNNEL);
        return value != null && value == 1;
    }

    /**
     * BBR: what one lost packet costs the tokens behind it is a matter of the window's size afterwards (docs/decisions/014). But its window is that of a path
     * where packets never wait, which on a short one is too small as soon as an end pauses (019).
     */
    static <B extends QuicCodecBuilder<B>> B parameters(B builder, boolean shortPath) {
        return builder.maxIdleTimeout(IDLE_SECONDS, TimeUnit.SECONDS)
                .initialMaxData(CONNECTION_WINDOW)
                .datagram(MAX_DATAGRAMS, MAX_DATAGRAMS)
                .initialMaxStreamsUnidirectional(UNIDIRECTIONAL_STREAMS)
                .initialMaxStreamDataUnidirectional(64 << 10)
                .maxRecvUdpPayloadSize(1500)
                .maxSendUdpPayloadSize(UDP_PAYLOAD)
                .congestionControlAlgorithm(
                        shortPath ? QuicCongestionControlAlgorithm.CUBIC : QuicCongestionControlAlgorithm.BBR)
                .activeMigration(true);
    }
}
