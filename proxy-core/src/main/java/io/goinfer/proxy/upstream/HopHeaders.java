// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import static io.goinfer.proxy.upstream.HopHeaders.Way.INTERIM;
import static io.goinfer.proxy.upstream.HopHeaders.Way.RELAYED;
import static io.goinfer.proxy.upstream.HopHeaders.Way.REQUEST;
import static io.goinfer.proxy.upstream.HopHeaders.Way.REQUEST_TRAILERS;
import static io.goinfer.proxy.upstream.HopHeaders.Way.RESPONSE;
import static io.goinfer.proxy.upstream.HopHeaders.Way.RESPONSE_TRAILERS;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The one table of the fields that do not cross a hop, for heads, interim responses and trailers of both directions, at the relay as at the node.
 * What stands in no row passes.
 *
 * <pre>
 * hop by hop (RFC 9110 §7.6.1)   of the connection that it came on       stops everywhere, with all that Connection names
 * goinfer's own                  x-goinfer-*, but for {@link #IGNORED}   stops where a stranger says it
 * the client's key and way       authorization, cookie, forwarded, …     stops on the way up
 * the relay's origin             set-cookie, alt-svc, access-control-*…  stops on the way down: docs/decisions/022
 * orders to proxies in front     x-accel-redirect, surrogate-control …   stops on the way down
 * framing                        content-length                          stops in interim responses and trailers
 * what a head alone may say      content-type, vary, … (§6.5.1)          stops in trailers
 * </pre>
 *
 * Names and values that HTTP/1.1 cannot carry (RFC 9110 §5.1, §5.5) throw {@link MalformedHead}. Pure.
 */
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

    /** Parameters of the request that its answer does not heed: the one field of ours that a node says. */
    public static final String IGNORED = "x-goinfer-ignored";

    public static final String UPGRADE = "upgrade";

    static final String WEBSOCKET = "websocket";

    /** Where fields are on their way to. */
    enum Way {
        /** From a client. */
        REQUEST,
        /** The same request where it leaves the tunnel: what the relay said about the client stays. */
        RELAYED,
        RESPONSE,
        /** 1xx, also 101. */
        INTERIM,
        REQUEST_TRAILERS,
        RESPONSE_TRAILERS
    }

    private static final Set<Way> EVERYWHERE = EnumSet.allOf(Way.class);
    private static final Set<Way> UP = EnumSet.of(REQUEST, RELAYED, REQUEST_TRAILERS);
    private static final Set<Way> DOWN = EnumSet.of(RESPONSE, INTERIM, RESPONSE_TRAILERS);
    private static final Set<Way> FROM_STRANGERS = EnumSet.complementOf(EnumSet.of(RELAYED));
    private static final Set<Way> FROM_CLIENTS = EnumSet.of(REQUEST, REQUEST_TRAILERS);
    private static final Set<Way> TRAILERS = EnumSet.of(REQUEST_TRAILERS, RESPONSE_TRAILERS);

    /** More have no honest use, and a frame has room for 256 fields. */
    private static final int MAX_TRAILERS = 64;

    /** Names and values are checked here. */
    private static final HttpHeadersFactory UNCHECKED =
            DefaultHttpHeadersFactory.headersFactory().withValidation(false);

    private static final Map<String, Set<Way>> STOPPED = new HashMap<>();
    private static final Map<String, Set<Way>> STOPPED_PREFIXES = Map.of(
            "proxy-", EVERYWHERE,
            "x-goinfer-", FROM_STRANGERS,
            "access-control-", DOWN,
            "attribution-reporting-", DOWN,
            "sec-session-", DOWN,
            "secure-session-", DOWN);

    static {
        stop(EVERYWHERE, "connection", "keep-alive", "te", "trailer", "transfer-encoding", UPGRADE);
        stop(EVERYWHERE, "http2-settings", "expect");
        // Of the client: its key, and llama-server's switch to survive a disconnect.
        stop(UP, "authorization", "x-api-key", "cookie", "x-conversation-id");
        // Of the client's way here: the relay says it.
        stop(FROM_CLIENTS, "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip");
        stop(FROM_CLIENTS, REQUEST_ID);
        // Of the server's: the relay is the origin.
        stop(DOWN, "server");
        // The relay's cookies, and who may log in there.
        stop(DOWN, "set-cookie", "set-cookie2", "www-authenticate", "authentication-info", "set-login");
        // Where and how the relay is reached.
        stop(DOWN, "alt-svc", "strict-transport-security", "public-key-pins", "public-key-pins-report-only");
        stop(DOWN, "expect-ct");
        // What a browser keeps of, sends to and shares within the relay's origin.
        stop(DOWN, "clear-site-data", "service-worker-allowed", "origin-agent-cluster", "accept-ch", "critical-ch");
        stop(DOWN, "report-to", "nel", "use-as-dictionary", "timing-allow-origin", "activate-storage-access");
        stop(DOWN, "observe-browsing-topics", "supports-loading-mode");
        // Orders to nginx, Apache, LiteSpeed and caches before the relay.
        stop(DOWN, "x-accel-redirect", "x-accel-expires", "x-accel-limit-rate", "x-accel-charset", "x-sendfile");
        stop(DOWN, "x-lighttpd-send-file", "x-litespeed-location", "x-reproxy-url", "surrogate-control");
        stop(EnumSet.of(INTERIM, REQUEST_TRAILERS, RESPONSE_TRAILERS), "content-length");
        stop(TRAILERS, "content-encoding", "content-type", "content-range", "content-location", "host", "range");
        stop(TRAILERS, "cache-control", "pragma", "expires", "date", "age", "vary", "location", "retry-after");
        stop(
                TRAILERS,
                "authorization",
                "x-api-key",
                "cookie",
                "max-forwards",
                "if-match",
                "if-none-match",
                "if-modified-since",
                "if-unmodified-since");
        stop(TRAILERS, "if-range", "warning", "forwarded", "x-forwarded-for", "x-forwarded-proto", REQUEST_ID);
        stop(TRAILERS, "x-forwarded-host", "x-real-ip", "x-accel-buffering");
    }

    private HopHeaders() {}

    private static void stop(Set<Way> ways, String... names) {
        for (String name : names) {
            STOPPED.computeIfAbsent(name, key -> EnumSet.noneOf(Way.class)).addAll(ways);
        }
    }

    /** A client's request as it goes on, with our own Forwarded fields. */
    public static HttpHeaders request(HttpHeaders from, InetAddress client, boolean tls, String requestId) {
        HttpHeaders to = passing(from, REQUEST);
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

    /** A request that came through the tunnel as it goes on, its length a number; {@link #MODEL} and {@link #DIRECT} are the relay's word. */
    public static HttpHeaders relayed(HttpHeaders from) {
        BodyLength.announced(from);
        HttpHeaders to = passing(from, RELAYED);
        if (WEBSOCKET.equalsIgnoreCase(from.get(UPGRADE))) {
            to.set(UPGRADE, WEBSOCKET);
        }
        return to;
    }

    /** The fields of an answer as they go on. */
    public static HttpHeaders response(int status, HttpHeaders from) {
        return passing(from, status < 200 ? INTERIM : RESPONSE);
    }

    /** Which node answered, and by which model: the relay's word. What cannot stand in a field is left out: a node chooses its models' ids. */
    public static void answeredBy(HttpHeaders head, String node, String model) {
        setIfFit(head, NODE, node);
        setIfFit(head, MODEL, model);
    }

    /** Parameters of a request that its answer does not heed; left out where the client's names cannot stand in a field. */
    public static void ignored(HttpHeaders head, String names) {
        setIfFit(head, IGNORED, names);
    }

    private static void setIfFit(HttpHeaders head, String name, String value) {
        if (misfit(value) < 0) {
            head.set(name, value.strip());
        }
    }

    public static HttpHeaders requestTrailers(HttpHeaders from) {
        return trailers(from, REQUEST_TRAILERS);
    }

    public static HttpHeaders responseTrailers(HttpHeaders from) {
        return trailers(from, RESPONSE_TRAILERS);
    }

    private static HttpHeaders trailers(HttpHeaders from, Way way) {
        if (from.isEmpty()) {
            return EmptyHttpHeaders.INSTANCE;
        }
        if (from.size() > MAX_TRAILERS) {
            throw new MalformedHead(from.size() + " trailer fields (expected: at most " + MAX_TRAILERS + ")");
        }
        return passing(from, way);
    }

    private static HttpHeaders passing(HttpHeaders from, Way way) {
        Set<String> listed = listed(from);
        HttpHeaders to = UNCHECKED.newHeaders();
        Iterator<Map.Entry<CharSequence, CharSequence>> fields = from.iteratorCharSequence();
        while (fields.hasNext()) {
            Map.Entry<CharSequence, CharSequence> field = fields.next();
            String name = field.getKey().toString().toLowerCase(Locale.ROOT);
            checkName(name);
            checkValue(name, field.getValue());
            if (!listed.contains(name) && !stops(name, way)) {
                // Blanks around it are not its own (RFC 9110 §5.5).
                to.add(name, field.getValue().toString().strip());
            }
        }
        return to;
    }

    /** What Connection names. */
    private static Set<String> listed(HttpHeaders from) {
        Set<String> listed = Set.of();
        for (String value : from.getAll(HttpHeaderNames.CONNECTION)) {
            listed = listed.isEmpty() ? new HashSet<>() : listed;
            for (String name : value.split(",")) {
                listed.add(name.strip().toLowerCase(Locale.ROOT));
            }
        }
        return listed;
    }

    static boolean stops(String name, Way way) {
        Set<Way> ways = STOPPED.get(name);
        if (ways != null && ways.contains(way)) {
            return true;
        }
        if (name.equals(IGNORED)) {
            return way != RELAYED && way != RESPONSE;
        }
        for (Map.Entry<String, Set<Way>> row : STOPPED_PREFIXES.entrySet()) {
            if (name.startsWith(row.getKey()) && row.getValue().contains(way)) {
                return true;
            }
        }
        return false;
    }

    /** A token (RFC 9110 §5.6.2), so that no pseudo field passes either. */
    private static void checkName(String name) {
        if (!Token.is(name)) {
            throw new MalformedHead("field name " + MalformedHead.shown(name) + " (expected: a token)");
        }
    }

    /** What one byte each can carry, without controls: an upper half that is not ASCII passes as it came. */
    private static void checkValue(String name, CharSequence value) {
        int at = misfit(value);
        if (at >= 0) {
            throw new MalformedHead(
                    "field " + name + " has character " + (int) value.charAt(at) + " (expected: 9, 32-126, 128-255)");
        }
    }

    /** Where its first character is that cannot stand in a value; -1: nowhere. */
    private static int misfit(CharSequence value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f || c > 0xff) {
                return i;
            }
        }
        return -1;
    }
}
