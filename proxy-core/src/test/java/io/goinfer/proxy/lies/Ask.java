// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

/** What the lying node's client asks for; the request's text is for one model, or one path of its server. */
enum Ask {
    CHAT("POST"),
    COMPLETION("POST"),
    STREAM("POST"),
    UPLOAD("POST"),
    HEAD("HEAD"),
    GET("GET"),
    WEB_SOCKET("GET");

    static final int UPLOAD_BYTES = 200_000;

    final String method;

    Ask(String method) {
        this.method = method;
    }

    String text(String model, String key) {
        return switch (this) {
            case CHAT -> post("{\"model\":\"" + model + "\",\"messages\":[]}", key);
            case COMPLETION -> post("/v1/completions", "{\"model\":\"" + model + "\",\"prompt\":\"\"}", key);
            case STREAM -> post("{\"model\":\"" + model + "\",\"stream\":true,\"messages\":[]}", key);
            case UPLOAD ->
                post("{\"model\":\"" + model + "\",\"messages\":[],\"pad\":\"" + "x".repeat(UPLOAD_BYTES) + "\"}", key);
            case HEAD, GET -> head(method + " /upstream/" + model + "/x", key) + "\r\n";
            case WEB_SOCKET ->
                head("GET /upstream/" + model + "/ws", key)
                        + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        };
    }

    /** To the honest node alone. */
    static String honest(String key) {
        String body = "{\"model\":\"honest\",\"prompt\":\"\"}";
        return head("POST /v1/completions", key) + "X-Goinfer-Node: honest\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }

    /** A stream of the honest node. */
    static String counting(String key) {
        String body = "{\"model\":\"honest\",\"stream\":true,\"messages\":[]}";
        return head("POST /v1/chat/completions", key) + "X-Goinfer-Node: honest\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private static String post(String body, String key) {
        return post("/v1/chat/completions", body, key);
    }

    private static String post(String path, String body, String key) {
        return head("POST " + path, key) + "Content-Type: application/json\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
    }

    private static String head(String line, String key) {
        return line + " HTTP/1.1\r\nHost: relay\r\nX-Request-Id: asked\r\nAuthorization: Bearer " + key + "\r\n";
    }
}
