// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.Identity;
import io.goinfer.certs.JoinToken;
import io.goinfer.certs.StateFile;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.control.ModelControl;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.route.Router;
import io.goinfer.tunnel.frame.Id;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One relay of a node: its identity there, kept fresh, and the {@link NodeAgent} that uses it. */
public final class NodeLink {
    private static final Logger LOG = LoggerFactory.getLogger(NodeLink.class);
    private static final long RENEWAL_CHECK_MINUTES = 60;

    /**
     * @param joinToken for a relay that has not seen this node
     * @param stateFolder the node's; each relay has a folder in it
     */
    public record Settings(
            RelayAddress relay,
            @Nullable String joinToken,
            String name,
            Path stateFolder,
            String software,
            Transport transport,
            GoinferConfig.Limits limits) {}

    /** On an event loop. */
    public interface Listener {
        void connected(RelayAddress relay, String nodeName, String transport, Duration roundTrip);
    }

    private final Settings settings;
    private final Path folder;
    private final EventLoops loops;
    private final NodeAgent agent;
    private volatile Identity identity;

    private NodeLink(
            Settings settings,
            Path folder,
            Identity identity,
            EventLoops loops,
            Fleet fleet,
            Router router,
            ModelControl control,
            Listener listener)
            throws IOException {
        this.settings = settings;
        this.folder = folder;
        this.identity = identity;
        this.loops = loops;
        NodeAgent.Self self = new NodeAgent.Self(
                settings.name(),
                settings.software(),
                Id.random(new SecureRandom()),
                new Epoch(folder),
                settings.limits().streams(),
                settings.transport());
        this.agent = new NodeAgent(
                settings.relay(),
                self,
                identity,
                loops,
                fleet,
                new RelayedExchange.Rules(router, new ByteBudget(), settings.limits(), control),
                new NodeAgent.Listener() {
                    @Override
                    public void connected(String nodeName, String transport, Duration roundTrip) {
                        listener.connected(settings.relay(), nodeName, transport, roundTrip);
                    }

                    @Override
                    public void disconnected(String reason) {
                        LOG.debug("{}: {}", settings.relay(), reason);
                    }
                });
    }

    /**
     * Loads the identity for this relay, or enrols. Blocking.
     *
     * @throws IOException with a text for a person
     */
    public static NodeLink open(
            Settings settings, EventLoops loops, Fleet fleet, Router router, ModelControl control, Listener listener)
            throws IOException, GeneralSecurityException {
        Path folder =
                StateFile.folder(settings.stateFolder().resolve(settings.relay().folderName()));
        Optional<Identity> identity = Identity.load(folder);
        if (identity.isEmpty()) {
            identity = Optional.of(enroll(settings, folder));
        }
        return new NodeLink(settings, folder, identity.get(), loops, fleet, router, control, listener);
    }

    private static Identity enroll(Settings settings, Path folder) throws IOException, GeneralSecurityException {
        if (settings.joinToken() == null) {
            throw new IOException("this node is not enrolled at " + settings.relay()
                    + "; run goinfer token create on the relay and give the token with --token-file or GI_JOIN_TOKEN");
        }
        try {
            JoinToken token = JoinToken.parse(settings.joinToken());
            Identity enrolled = EnrollClient.enroll(settings.relay(), token, settings.name(), folder);
            LOG.info("enrolled at {}", settings.relay());
            return enrolled;
        } catch (EnrollClient.Refused e) {
            throw new IOException("enrolment at " + settings.relay() + " was refused: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        } catch (IOException e) {
            throw new IOException(
                    "enrolment at " + settings.relay() + " failed: " + EnrollClient.rootMessage(e)
                            + " (is the relay running, and its TCP port open?)",
                    e);
        }
    }

    public void start() {
        agent.start();
        loops.next()
                .scheduleWithFixedDelay(this::renewIfDue, 0, RENEWAL_CHECK_MINUTES, TimeUnit.MINUTES)
                .addListener(done -> {});
    }

    public void stop(Duration deadline, Runnable stopped) {
        agent.stop(deadline, stopped);
    }

    private void renewIfDue() {
        if (!identity.dueForRenewal(Instant.now())) {
            return;
        }
        loops.blocking().execute(() -> {
            try {
                identity = EnrollClient.renew(settings.relay(), identity, folder);
                agent.useIdentity(identity);
                LOG.info(
                        "certificate for {} renewed until {}",
                        settings.relay(),
                        identity.certificate().getNotAfter().toInstant());
            } catch (IOException | GeneralSecurityException | EnrollClient.Refused e) {
                LOG.warn("certificate for {} was not renewed: {}", settings.relay(), e.getMessage());
            }
        });
    }
}
