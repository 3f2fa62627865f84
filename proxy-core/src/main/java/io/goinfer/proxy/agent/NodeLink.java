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
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One relay of a node, or several behind one name: the identity there, kept fresh, and a {@link NodeAgent} for each address. */
public final class NodeLink {
    private static final Logger LOG = LoggerFactory.getLogger(NodeLink.class);
    private static final long RENEWAL_CHECK_MINUTES = 60;
    private static final long RESOLVE_SECONDS = 10;
    private static final long UNRESOLVED_SECONDS = 2;
    private static final long NEXT_ADDRESS_MILLIS = 500;
    private static final int MAX_ADDRESSES = 8;

    /**
     * @param joinToken for a relay that has not seen this node
     * @param standby a TCP session is kept beside a QUIC one
     * @param stateFolder the node's; each relay has a folder in it
     */
    public record Settings(
            RelayAddress relay,
            @Nullable String joinToken,
            String name,
            Path stateFolder,
            String software,
            Transport transport,
            boolean standby,
            GoinferConfig.Limits limits,
            Resolver resolver) {}

    /** The addresses of a name, the best first. Blocking. */
    public interface Resolver {
        List<InetAddress> resolve(String host) throws UnknownHostException;

        /** The system's. */
        static List<InetAddress> system(String host) throws UnknownHostException {
            return List.of(InetAddress.getAllByName(host));
        }
    }

    /** On an event loop. */
    public interface Listener {
        void connected(RelayAddress relay, String nodeName, String transport, Duration roundTrip);
    }

    private final Settings settings;
    private final Path folder;
    private final EventLoops loops;
    private final EventLoop loop;
    private final NodeAgent.Self self;
    private final RelayProcesses processes;
    private final Fleet fleet;
    private final RelayedExchange.Rules rules;
    private final Listener listener;

    /** By address, on the loop. */
    private final Map<InetAddress, NodeAgent> agents = new LinkedHashMap<>();

    private boolean unresolved;
    private boolean stopping;
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
        this.loop = loops.next();
        this.fleet = fleet;
        this.listener = listener;
        this.self = new NodeAgent.Self(
                settings.name(),
                settings.software(),
                new Instance(Id.random(new SecureRandom()), new Epoch(folder)),
                settings.limits().streams(),
                settings.transport(),
                settings.standby() && settings.transport() == Transport.AUTO,
                new LastTransport(folder, loops.blocking()));
        this.processes = new RelayProcesses(loop, settings.limits().resume());
        this.rules = new RelayedExchange.Rules(router, new ByteBudget(), settings.limits(), control);
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
        fleet.onChange(() -> loop.execute(() -> agents.values().forEach(NodeAgent::sendModels)));
        rules.control().models().onLoad(() -> loop.execute(() -> agents.values().forEach(NodeAgent::sendLoad)));
        loop.scheduleWithFixedDelay(this::resolve, 0, RESOLVE_SECONDS, TimeUnit.SECONDS)
                .addListener(done -> {});
        loops.next()
                .scheduleWithFixedDelay(this::renewIfDue, 0, RENEWAL_CHECK_MINUTES, TimeUnit.MINUTES)
                .addListener(done -> {});
    }

    // ---- the addresses of the relay's name

    private void resolve() {
        loops.blocking().execute(() -> {
            try {
                resolved(settings.resolver().resolve(settings.relay().host()));
            } catch (UnknownHostException e) {
                loop.execute(this::notResolved);
            }
        });
    }

    private void notResolved() {
        if (agents.isEmpty() && !stopping) {
            if (!unresolved) {
                LOG.warn("relay {}: its name does not resolve; trying again", settings.relay());
            }
            unresolved = true;
            loop.schedule(this::resolve, UNRESOLVED_SECONDS, TimeUnit.SECONDS).addListener(done -> {});
        }
    }

    private void resolved(List<InetAddress> found) {
        List<InetAddress> now = found.subList(0, Math.min(MAX_ADDRESSES, found.size()));
        loop.execute(() -> {
            if (stopping) {
                return;
            }
            now.stream().filter(address -> !agents.containsKey(address)).forEach(this::add);
            for (InetAddress address : List.copyOf(agents.keySet())) {
                boolean another = agents.entrySet().stream()
                        .anyMatch(one ->
                                !one.getKey().equals(address) && one.getValue().isServing());
                if (!now.contains(address) && another) {
                    remove(address);
                }
            }
        });
    }

    /** The others a little later: mostly they lead to the same relay. */
    private void add(InetAddress address) {
        NodeAgent agent = new NodeAgent(
                settings.relay(),
                self,
                () -> {
                    // Whoever dials has lost the relay, or never had it: its name may lead elsewhere by now.
                    resolved(settings.resolver().resolve(settings.relay().host()));
                    return address;
                },
                identity,
                loops,
                loop,
                processes,
                fleet,
                rules,
                new NodeAgent.Listener() {
                    @Override
                    public void connected(String nodeName, String transport, Duration roundTrip) {
                        listener.connected(settings.relay(), nodeName, transport, roundTrip);
                    }

                    @Override
                    public void disconnected(String reason) {
                        LOG.debug("{}: {}", settings.relay(), reason);
                    }

                    @Override
                    public void lost() {
                        agents.values().forEach(NodeAgent::needed);
                    }
                });
        if (!agents.isEmpty()) {
            LOG.info("relay {}: also at {}", settings.relay(), address.getHostAddress());
        }
        long after = agents.isEmpty() ? 0 : NEXT_ADDRESS_MILLIS;
        agents.put(address, agent);
        loop.schedule(agent::start, after, TimeUnit.MILLISECONDS).addListener(done -> {});
    }

    private void remove(InetAddress address) {
        NodeAgent gone = agents.remove(address);
        if (gone != null) {
            LOG.info("relay {}: no longer at {}", settings.relay(), address.getHostAddress());
            gone.stop(settings.limits().drain(), () -> processes.left(gone));
        }
    }

    public void stop(Duration deadline, Runnable stopped) {
        loop.execute(() -> {
            stopping = true;
            int[] left = {agents.size()};
            if (agents.isEmpty()) {
                stopped.run();
            }
            agents.values()
                    .forEach(agent -> agent.stop(deadline, () -> {
                        left[0]--;
                        if (left[0] == 0) {
                            stopped.run();
                        }
                    }));
        });
    }

    private void renewIfDue() {
        if (!identity.dueForRenewal(Instant.now())) {
            return;
        }
        loops.blocking().execute(() -> {
            try {
                identity = EnrollClient.renew(settings.relay(), identity, folder);
                Identity renewed = identity;
                loop.execute(() -> agents.values().forEach(agent -> agent.useIdentity(renewed)));
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
