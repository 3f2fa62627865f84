// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.route.Route;
import io.goinfer.proxy.route.Router;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code /upstream/MODEL/PATH} and {@code /comfyui/PATH}: any path of a model's own server. Pure. */
final class Upstreams {
    static final String PREFIX = "/upstream/";

    /** ComfyUI's page, which only itself loads: its tabs reconnect for ever. */
    static final String COMFY = "/comfyui";

    private static final String COMFY_MODEL = "comfyui_auto";

    /** Paths of a model's server for every key. */
    private static final Set<String> USERS = users();

    private static Set<String> users() {
        Set<String> paths = new HashSet<>(Endpoints.LLAMA_PATHS);
        paths.add("/health");
        return paths;
    }

    /**
     * @param path with query, as the server gets it
     * @param onlyIfLoaded it does not load the model
     */
    record Target(String model, String path, boolean onlyIfLoaded) {}

    private Upstreams() {}

    /** Null: not such a path. The longest prefix of segments that names a model counts; if none does, the first segment stands for the error. */
    static @Nullable Target find(String uri, Router router) {
        if (uri.startsWith(COMFY + "/")) {
            String path = uri.substring(COMFY.length());
            return new Target(COMFY_MODEL, path, !Answers.path(path).equals("/"));
        }
        if (!uri.startsWith(PREFIX)) {
            return null;
        }
        int queryAt = uri.indexOf('?');
        String query = queryAt < 0 ? "" : uri.substring(queryAt);
        String rest = uri.substring(PREFIX.length(), queryAt < 0 ? uri.length() : queryAt);
        for (int end = rest.length(); end > 0; end = rest.lastIndexOf('/', end - 1)) {
            String name = decoded(rest.substring(0, end));
            if (!(router.route(name, null) instanceof Route.Unknown)) {
                String path = rest.substring(end);
                return new Target(name, (path.isEmpty() ? "/" : path) + query, false);
            }
        }
        int slash = rest.indexOf('/');
        return new Target(decoded(slash < 0 ? rest : rest.substring(0, slash)), "/", false);
    }

    /** A model's name and nothing behind it, so that a page's relative links would miss the model. */
    static boolean moved(String uri, Router router) {
        String path = Answers.path(uri);
        if (path.equals(COMFY)) {
            return true;
        }
        Target target = find(uri, router);
        return target != null
                && path.startsWith(PREFIX)
                && !path.endsWith("/")
                && decoded(path.substring(PREFIX.length())).equals(target.model())
                && !(router.route(target.model(), null) instanceof Route.Unknown);
    }

    /** What a user may do at a model's server everybody may do here; the rest is for who may unload it. */
    static Role role(String uri, Router router) {
        Target target = find(uri, router);
        String path = target == null ? "" : Answers.path(target.path());
        boolean inference = path.startsWith("/v1/") || USERS.contains(path);
        return inference ? Role.USER : Role.LLAMA_SWAP;
    }

    /** llama-swap's paths without a version, and of audio servers, as the server knows them. */
    static String plain(String uri) {
        return uri.startsWith("/v/")
                ? uri.substring("/v".length())
                : uri.startsWith("/audioapi/") ? uri.substring("/audioapi".length()) : uri;
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
