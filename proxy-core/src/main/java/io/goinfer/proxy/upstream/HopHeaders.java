// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What may cross a hop (RFC 9110 §7.6.1), and what must not leave us. */
public final class HopHeaders {
    /** The chosen model's id at the next hop, and how a client chooses without a body. */
    public static final String MODEL = "x-goinfer-model";

    /** The node that a client asks for, and the one that answered. */
    public static final String NODE = "x-goinfer-node";

    public static final String REQUEST_ID = "x-request-id";

    /** Set where the client asked for a path of the model's own server, not of an API. */
    public static final String DIRECT = "x-goinfer-direct";

    /** Value of {@link #DIRECT} for what must not load the model. */
    public static final String ONLY_IF_LOADED = "loaded";

    public static final String UPGRADE = "upgrade";

    private static final String WEBSOCKET = "websocket";

    private static final Set<String> HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            UPGRADE,
            "http2-settings",
            "expect");

    /** The client's key, what it claims about its way here, and llama-server's switch to survive a disconnect. */
    private static final Set<String> NOT_UP = Set.of(
            "authorization",
            "x-api-key",
            "cookie",
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-real-ip",
            "x-conversation-id",
            NODE,
            MODEL,
            DIRECT,
            REQUEST_ID);

    private HopHeaders() {}

    /** A client's request as it goes on, with our own Forwarded fields. */
    public static HttpHeaders request(HttpHeaders from, InetAddress client, boolean tls, String requestId) {
        HttpHeaders to = copy(from, NOT_UP);
        String address = client.getHostAddress();
        String node = address.indexOf(':') >= 0 ? "\"[" + address + "]\"" : address;
        String host = from.get("host");
        to.set("forwarded", "for=" + node + ";proto=" + (tls ? "https" : "http"));
        to.set("x-forwarded-for", address);
        to.set("x-forwarded-proto", tls ? "https" : "http");
        if (host != null) {
            to.set("x-forwarded-host", host);
        }
        to.set(REQUEST_ID, requestId);
        if (asksForWebSocket(from)) {
            to.set(UPGRADE, WEBSOCKET);
        }
        return to;
    }

    /** A handshake of RFC 6455 §4.1; between our own hops the field {@code upgrade} alone says so. */
    public static boolean asksForWebSocket(HttpHeaders from) {
        return from.containsValue(HttpHeaderNames.CONNECTION, UPGRADE, true)
                && from.containsValue(HttpHeaderNames.UPGRADE, WEBSOCKET, true)
                && from.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY);
    }

    /** A backend's answer as it goes on; CORS is ours. */
    public static HttpHeaders response(HttpHeaders from) {
        HttpHeaders to = copy(from, Set.of("server"));
        for (String name : Set.copyOf(to.names())) {
            if (name.toLowerCase(Locale.ROOT).startsWith("access-control-")) {
                to.remove(name);
            }
        }
        return to;
    }

    private static HttpHeaders copy(HttpHeaders from, Set<String> without) {
        Set<String> listed = new HashSet<>();
        for (String value : from.getAll("connection")) {
            for (String name : value.split(",")) {
                listed.add(name.strip().toLowerCase(Locale.ROOT));
            }
        }
        HttpHeaders to = new DefaultHttpHeaders();
        Iterator<Map.Entry<CharSequence, CharSequence>> fields = from.iteratorCharSequence();
        while (fields.hasNext()) {
            Map.Entry<CharSequence, CharSequence> field = fields.next();
            String name = field.getKey().toString().toLowerCase(Locale.ROOT);
            if (!HOP.contains(name) && !without.contains(name) && !listed.contains(name)) {
                to.add(name, field.getValue());
            }
        }
        return to;
    }
}
