// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.certs.CertificateAuthority;
import io.goinfer.certs.Enrollment;
import io.goinfer.certs.Json;
import io.goinfer.certs.PemFiles;
import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.Errors;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.upstream.Refusal;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code …/enroll} and {@code …/renew}: PROTOCOL.md §10. At most five attempts a minute and address. */
public final class EnrollEndpoint {
    static final String PATH = "/.well-known/goinfer/v1/";

    private static final Logger LOG = LoggerFactory.getLogger(EnrollEndpoint.class);
    private static final int PER_MINUTE = 5;
    private static final int MAX_ADDRESSES = 10_000;

    private final Enrollment enrollment;
    private final CertificateAuthority ca;
    private final Executor blocking;
    private final Map<InetAddress, Integer> attempts = new LinkedHashMap<>();
    private long minute;

    public EnrollEndpoint(Enrollment enrollment, CertificateAuthority ca, Executor blocking) {
        this.enrollment = enrollment;
        this.ca = ca;
        this.blocking = blocking;
    }

    CompletionStage<Reply> handle(Call call, Endpoint.Caller caller) {
        InetAddress client = caller.connection().client();
        if (!caller.connection().tls()) {
            return answer(new Refusal(403, "permission_error", "tls_required", "enrolment needs TLS", 0));
        }
        if (!mayTry(client)) {
            LOG.warn("{}: too many enrolment attempts", client.getHostAddress());
            return answer(new Refusal(
                    429, "rate_limit_error", "rate_limit_exceeded", "more than 5 enrolment attempts in a minute", 60));
        }
        boolean renew = call.path().equals(PATH + "renew");
        if (!renew && !call.path().equals(PATH + "enroll")) {
            return answer(Refusal.notFound(call.path()));
        }
        return CompletableFuture.supplyAsync(() -> renew ? renew(call, caller) : enroll(call, caller), blocking);
    }

    private Reply enroll(Call call, Endpoint.Caller caller) {
        return answered(
                "enrolment",
                call,
                caller,
                body -> enrollment.enroll(
                        body.getOrDefault("token", ""), body.getOrDefault("csr", ""), body.getOrDefault("name", "")));
    }

    private Reply renew(Call call, Endpoint.Caller caller) {
        List<X509Certificate> chain = caller.connection().clientChain();
        if (chain.isEmpty()) {
            return Reply.refuse(new Refusal(
                    401, "authentication_error", "no_certificate", "renewal needs the node's client certificate", 0));
        }
        return answered("renewal", call, caller, body -> enrollment.renew(chain.get(0), body.getOrDefault("csr", "")));
    }

    private interface Step {
        Enrollment.Answer take(Map<String, String> body) throws IOException;
    }

    private Reply answered(String what, Call call, Endpoint.Caller caller, Step step) {
        Map<String, String> body;
        try {
            body = Json.readObject(new String(call.body(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Reply.refuse(Refusal.invalid("invalid_json", "the request is not the expected JSON object"));
        }
        try {
            Enrollment.Answer answer = step.take(body);
            log(what, caller, answer);
            return reply(answer);
        } catch (IOException e) {
            LOG.error("{} failed: {}", what, e.getMessage());
            return Reply.refuse(new Refusal(
                    500, "server_error", "internal_error", "the relay could not store it: " + e.getMessage(), 0));
        }
    }

    private static void log(String what, Endpoint.Caller caller, Enrollment.Answer answer) {
        String client = caller.connection().client().getHostAddress();
        if (answer.status() == 200) {
            LOG.info("{}: {} of node {}", client, what, answer.name());
        } else {
            LOG.warn("{}: {} refused, {}: {}", client, what, answer.status(), answer.message());
        }
    }

    private Reply reply(Enrollment.Answer answer) {
        if (answer.status() != 200) {
            return Reply.json(
                    answer.status(),
                    Errors.json(new Refusal(
                            answer.status(), "authentication_error", "enrollment_refused", answer.message(), 0)));
        }
        Map<String, String> json = new LinkedHashMap<>();
        json.put("certificate", answer.certificatePem());
        try {
            json.put("ca", PemFiles.write(List.of(ca.certificate())));
        } catch (CertificateException e) {
            throw new IllegalStateException("our own CA certificate has an encoding", e);
        }
        json.put("name", answer.name());
        return Reply.json(200, Json.writeObject(json));
    }

    private synchronized boolean mayTry(InetAddress client) {
        long now = TimeUnit.NANOSECONDS.toMinutes(System.nanoTime());
        if (now != minute || attempts.size() > MAX_ADDRESSES) {
            minute = now;
            attempts.clear();
        }
        return attempts.merge(client, 1, Integer::sum) <= PER_MINUTE;
    }

    private static CompletionStage<Reply> answer(Refusal refusal) {
        return CompletableFuture.completedFuture(Reply.refuse(refusal));
    }
}
