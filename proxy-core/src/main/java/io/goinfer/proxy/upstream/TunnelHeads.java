// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.tunnel.frame.Field;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** HTTP header fields to tunnel fields and back. */
public final class TunnelHeads {
    /** {@code :authority} of a request that the node answers itself. */
    public static final String CONTROL = "control";

    private static final Set<String> PSEUDO = Set.of(":method", ":path", ":authority");
    private static final HttpHeadersFactory UNCHECKED =
            DefaultHttpHeadersFactory.headersFactory().withValidation(false);

    private TunnelHeads() {}

    /** A pseudo field's value, or the standard. */
    public static String pseudo(List<Field> fields, String name, String standard) {
        for (Field field : fields) {
            if (field.name().equals(name)) {
                return field.value();
            }
        }
        return standard;
    }

    /** @throws MalformedHead if it is no method */
    public static String method(List<Field> fields) {
        String method = pseudo(fields, ":method", "GET");
        if (!Token.is(method)) {
            throw new MalformedHead(":method " + MalformedHead.shown(method) + " (expected: a token)");
        }
        return method;
    }

    /** @throws MalformedHead if it cannot stand in a request's line */
    public static String path(List<Field> fields) {
        String path = pseudo(fields, ":path", "/");
        boolean good = !path.isEmpty();
        for (int i = 0; i < path.length() && good; i++) {
            char c = path.charAt(i);
            good = c > ' ' && c != 0x7f && c <= 0xff;
        }
        if (!good) {
            throw new MalformedHead(":path " + MalformedHead.shown(path) + " (expected: no blank, no control)");
        }
        return path;
    }

    public static List<Field> fields(HttpHeaders headers) {
        List<Field> fields = new ArrayList<>(headers.size() + 3);
        addTo(fields, headers);
        return fields;
    }

    static void addTo(List<Field> fields, HttpHeaders headers) {
        Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
        while (all.hasNext()) {
            Map.Entry<CharSequence, CharSequence> field = all.next();
            fields.add(new Field(
                    field.getKey().toString().toLowerCase(Locale.ROOT),
                    field.getValue().toString()));
        }
    }

    /** As they came: {@link HopHeaders} looks at names and values. */
    public static HttpHeaders headers(List<Field> fields) {
        HttpHeaders headers = UNCHECKED.newHeaders();
        for (Field field : fields) {
            headers.add(field.name(), field.value());
        }
        return headers;
    }

    /** Without the pseudo fields, which stand first (PROTOCOL.md §6.1). */
    public static HttpHeaders requestHeaders(List<Field> fields) {
        int first = 0;
        while (first < fields.size() && PSEUDO.contains(fields.get(first).name())) {
            first++;
        }
        return headers(fields.subList(first, fields.size()));
    }
}
