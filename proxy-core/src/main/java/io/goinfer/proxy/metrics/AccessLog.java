// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One line a request, when it ends. Never a key, a prompt or a body. */
public final class AccessLog {
    private static final Logger LOG = LoggerFactory.getLogger("goinfer.access");

    /** Lines wait in a queue: of a long path its beginning is enough. */
    private static final int LONGEST_PATH = 1 << 10;

    private AccessLog() {}

    /**
     * @param key name of the API key, or "-"
     * @param model,node "-" if the request never had one
     */
    public static void line(
            String client,
            String method,
            String path,
            int status,
            long bytes,
            long micros,
            String key,
            String model,
            String node,
            String requestId,
            String note) {
        LOG.info(
                "{} \"{} {}\" {} {} {}us key={} model={} node={} id={}{}",
                client,
                method,
                path.length() <= LONGEST_PATH ? path : path.substring(0, LONGEST_PATH) + "…",
                status,
                bytes,
                micros,
                key,
                model,
                node,
                requestId,
                note.isEmpty() ? "" : " " + note);
    }
}
