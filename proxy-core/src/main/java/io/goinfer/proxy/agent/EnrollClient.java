// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.goinfer.certs.Identity;
import io.goinfer.certs.JoinToken;
import io.goinfer.certs.Json;
import io.goinfer.certs.RelayTrust;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** The node's calls to {@code …/enroll} and {@code …/renew}. Blocking. */
final class EnrollClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    /** The relay said no, or is not who it should be; trying again does not help. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    private EnrollClient() {}

    /** @param folder where the key of an interrupted attempt waits and the identity will be */
    static Identity enroll(RelayAddress relay, JoinToken token, String name, Path folder)
            throws IOException, GeneralSecurityException, Refused {
        Identity.Pending pending = Identity.pending(folder);
        Map<String, String> body = new LinkedHashMap<>();
        body.put("token", token.credential());
        body.put("csr", pending.csrPem());
        body.put("name", name);
        TrustManager[] trust = token.trust() == JoinToken.Trust.PIN ? new TrustManager[] {RelayTrust.pin(token)} : null;
        Map<String, String> answer = call(relay, "enroll", body, null, trust);
        return store(folder, pending, answer);
    }

    static Identity renew(RelayAddress relay, Identity identity, Path folder)
            throws IOException, GeneralSecurityException, Refused {
        Identity.Pending pending = Identity.pending(folder);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        keys.setKeyEntry("node", identity.key(), new char[0], identity.chain().toArray(X509Certificate[]::new));
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, new char[0]);
        Map<String, String> answer =
                call(relay, "renew", Map.of("csr", pending.csrPem()), managers.getKeyManagers(), new TrustManager[] {
                    RelayTrust.of(identity.ca())
                });
        return store(folder, pending, answer);
    }

    private static Identity store(Path folder, Identity.Pending pending, Map<String, String> answer)
            throws IOException, GeneralSecurityException {
        return Identity.store(folder, pending, answer.getOrDefault("certificate", ""), answer.getOrDefault("ca", ""));
    }

    private static Map<String, String> call(
            RelayAddress relay,
            String action,
            Map<String, String> body,
            KeyManager @Nullable [] keys,
            TrustManager @Nullable [] trust)
            throws IOException, GeneralSecurityException, Refused {
        SSLContext tls = SSLContext.getInstance("TLSv1.3");
        tls.init(keys, trust, null);
        HttpClient client = HttpClient.newBuilder()
                .sslContext(tls)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(TIMEOUT)
                .build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(relay + "/.well-known/goinfer/v1/" + action))
                .timeout(TIMEOUT)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.writeObject(body)))
                .build();
        HttpResponse<String> response;
        try {
            response = client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (SSLHandshakeException e) {
            throw new Refused("the relay's certificate was not accepted: " + rootMessage(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (response.statusCode() == 200) {
            return Json.readObject(response.body());
        }
        String message = errorMessage(response.body());
        if (response.statusCode() == 429 || response.statusCode() >= 500) {
            throw new IOException("the relay answered " + response.statusCode() + ": " + message);
        }
        throw new Refused(message);
    }

    private static String errorMessage(String body) {
        try (JsonParser in = new JsonFactory().createParser(body)) {
            for (JsonToken token = in.nextToken(); token != null; token = in.nextToken()) {
                if (token == JsonToken.FIELD_NAME && in.currentName().equals("message")) {
                    in.nextToken();
                    return in.getValueAsString("");
                }
            }
        } catch (IOException e) {
            return "an answer that is not goinfer's";
        }
        return "an answer that is not goinfer's";
    }

    static String rootMessage(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }
}
