// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.tunnel.frame.Field;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** HTTP header fields to tunnel fields and back. */
public final class TunnelHeads {
    /** {@code :authority} of a request that the node answers itself. */
    public static final String CONTROL = "control";

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

    /** Pseudo fields are left out. */
    public static HttpHeaders headers(List<Field> fields) {
        HttpHeaders headers = new DefaultHttpHeaders();
        for (Field field : fields) {
            if (field.name().charAt(0) != ':') {
                headers.add(field.name(), field.value());
            }
        }
        return headers;
    }
}
