// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.upstream.Refusal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Ends requests that others sent: {@code /infer/abort} the caller's own, {@code /api/inflight/ID/cancel} any. */
final class InferAbort {
    private final RunningRequests running;

    InferAbort(RunningRequests running) {
        this.running = running;
    }

    /** 204: some were ended; 202: there was nothing to end. */
    CompletionStage<Reply> handle(Call call, Endpoint.Caller caller) {
        boolean everybodys = caller.key().role() == Role.ADMIN && call.query().containsKey("all");
        String id = call.parameter("id");
        List<RunningRequests.Entry> found = running.list().stream()
                .filter(entry -> Answers.path(entry.path()).equals("/infer"))
                .filter(entry -> everybodys || entry.key().equals(caller.key().id()))
                .filter(entry -> id == null || entry.id().equals(id))
                .toList();
        found.forEach(entry -> entry.cancel().run());
        return new Reply(found.isEmpty() ? 202 : 204, "text/plain", new byte[0], null, Map.of()).now();
    }

    CompletionStage<Reply> cancel(Call call, Endpoint.Caller caller) {
        String rest = call.rest("/api/inflight/");
        if (!rest.endsWith("/cancel")) {
            return Reply.refuse(Refusal.notFound(call.path())).now();
        }
        String id = rest.substring(0, rest.length() - "/cancel".length());
        return (running.cancel(id)
                        ? Reply.json(200, "{\"msg\":\"ok\"}")
                        : Reply.refuse(new Refusal(
                                404, "invalid_request_error", "not_found", "no request " + id + " is running", 0)))
                .now();
    }
}
