// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.tunnel.testing.Eventually.eventually;

import io.goinfer.certs.Identity;
import io.goinfer.certs.JoinToken;
import io.goinfer.certs.Json;
import io.goinfer.certs.RelayTrust;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.Greeting;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode;
import io.goinfer.proxy.testing.ScriptedQuicNode;
import io.goinfer.proxy.testing.ScriptedTcpNode;
import io.goinfer.tunnel.frame.Id;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** The enrolled machine that lies: each row of the table is another process of it, newer than the one before. */
final class Liar {
    static final String NAME = "liar";
    static final String MODEL = "lie";
    static final String MODELS = "{\"models\":[{\"id\":\"" + MODEL + "\"}]}";

    private final GoinferRig rig;
    private final Identity identity;
    private final List<ScriptedNode> open = new CopyOnWriteArrayList<>();
    private volatile @Nullable ScriptedNode current;
    private long epoch;
    private long sequence = 1_000_000;

    Liar(GoinferRig rig, Path folder) throws Exception {
        this.rig = rig;
        this.identity = enrol(rig, folder);
    }

    private static Identity enrol(GoinferRig rig, Path folder) throws Exception {
        JoinToken token = JoinToken.parse(rig.token());
        Identity.Pending pending = Identity.pending(folder);
        SSLContext tls = SSLContext.getInstance("TLSv1.3");
        tls.init(null, new TrustManager[] {RelayTrust.pin(token)}, null);
        HttpResponse<String> answer = HttpClient.newBuilder()
                .sslContext(tls)
                .build()
                .send(
                        HttpRequest.newBuilder(URI.create(
                                        "https://127.0.0.1:" + rig.tunnelPort() + "/.well-known/goinfer/v1/enroll"))
                                .POST(HttpRequest.BodyPublishers.ofString(Json.writeObject(
                                        Map.of("token", token.credential(), "csr", pending.csrPem(), "name", NAME))))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        Map<String, String> given = Json.readObject(answer.body());
        return Identity.store(folder, pending, given.getOrDefault("certificate", ""), given.getOrDefault("ca", ""));
    }

    /** The connection whose end the table looks at. */
    @Nullable
    ScriptedNode current() {
        return current;
    }

    <N extends @Nullable ScriptedNode> N current(N node) {
        current = node;
        return node;
    }

    List<ScriptedNode> open() {
        return open;
    }

    Identity identity() {
        return identity;
    }

    int port() {
        return rig.tunnelPort();
    }

    GoinferRig rig() {
        return rig;
    }

    /** HELLO of a process that has just started. */
    Greeting greeting() {
        epoch++;
        return new Greeting(new Id(epoch, ~epoch), epoch);
    }

    /** HELLO of the newest process. */
    Greeting again() {
        return new Greeting(new Id(epoch, ~epoch), epoch);
    }

    /** A connection that the relay has let in; nothing is said. */
    ScriptedTcpNode dial() throws Exception {
        return track(ScriptedTcpNode.dial(port(), identity));
    }

    /** A connection without a byte on it. */
    ScriptedTcpNode knock() throws Exception {
        return track(ScriptedTcpNode.connect(port(), identity));
    }

    ScriptedQuicNode dialQuic() throws Exception {
        return track(ScriptedQuicNode.dial(port(), identity));
    }

    /** As {@link #connect}. */
    ScriptedNode connectOverQuic() throws Exception {
        return serve(dialQuic(), greeting(), MODELS);
    }

    <N extends ScriptedNode> N track(N node) {
        open.add(node);
        return node;
    }

    /** A new process, whose model is served. */
    ScriptedNode connect() throws Exception {
        return serve(dial(), greeting(), MODELS);
    }

    /** As {@link #connect}, with lies in its catalog. */
    ScriptedNode connectWith(String models) throws Exception {
        return serve(dial(), greeting(), models);
    }

    ScriptedNode serve(ScriptedNode node, Greeting greeting, String models) throws Exception {
        node.greet(greeting).control(RawFrame.models(models));
        settle(node);
        eventually("the liar serves", this::serves);
        return node;
    }

    boolean serves() {
        return rig.relay.fleet().catalog().models().stream()
                .flatMap(model -> model.places().stream())
                .anyMatch(
                        place -> place.owner().equals(NAME) && place.upstream().accepts());
    }

    void settle(ScriptedNode node) throws Exception {
        node.settle(++sequence);
    }

    /** The process is gone, and the relay knows. */
    void hangUp() {
        open.forEach(ScriptedNode::close);
        open.clear();
        eventually(
                "the liar's sessions have ended",
                () -> rig.relay.nodes().connected().stream()
                        .noneMatch(one -> one.name().equals(NAME)));
    }
}
