// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.control.MachineControl;
import io.goinfer.proxy.control.ModelControl;
import io.goinfer.proxy.control.Reloader;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.net.StateLock;
import io.goinfer.proxy.route.Router;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code goinfer connect}: local backends and the tunnels to the relays. Thread-safe; construction blocks. */
public final class Node implements AutoCloseable {
    /**
     * @param joinToken needed once, for relays that this node has no identity for
     * @param source of {@code config}, for reading it again
     * @param resolver of the relays' names
     * @param stateFolder {@code node/} under the state directory
     */
    public record Options(
            GoinferConfig config,
            Reloader.Source source,
            List<RelayAddress> relays,
            @Nullable String joinToken,
            String name,
            Path stateFolder,
            String software,
            NodeLink.Resolver resolver) {}

    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    private final EventLoops loops = new EventLoops("node", 1);
    private final AtomicBoolean closed = new AtomicBoolean();
    private final StateLock lock;
    private final Backends backends;
    private final Locals locals;
    private final Reloader reloader;
    private final List<NodeLink> links = new ArrayList<>();

    /** @throws IOException with a text for a person: state in use, token refused, relay not reachable for enrolment */
    public Node(Options options, NodeLink.Listener listener) throws IOException, GeneralSecurityException {
        this.lock = StateLock.take(options.stateFolder())
                .orElseThrow(() -> new IOException("the state folder " + options.stateFolder()
                        + " is in use by process " + StateLock.holder(options.stateFolder())));
        Fleet fleet = new Fleet(InstantSource.system());
        Router router = new Router(fleet::catalog);
        this.backends = new Backends(
                options.config().node().backends(), options.config().limits().queue(), loops, fleet);
        this.locals = new Locals(options.config(), loops, fleet);
        this.reloader = new Reloader(options.source(), locals::reload, loops.blocking());
        ModelControl control = new ModelControl(
                locals.models(),
                reloader,
                new MachineControl(
                        loops, options.config().models().swap().settings().performanceEvery()));
        boolean done = false;
        try {
            for (RelayAddress relay : options.relays()) {
                NodeLink.Settings settings = new NodeLink.Settings(
                        relay,
                        options.joinToken(),
                        options.name(),
                        options.stateFolder(),
                        options.software(),
                        options.config().node().transport(),
                        options.config().node().standby(),
                        options.config().limits(),
                        options.resolver());
                links.add(NodeLink.open(settings, loops, fleet, router, control, listener));
            }
            done = true;
        } finally {
            if (!done) {
                backends.close();
                locals.close();
                lock.close();
                loops.close();
            }
        }
        // The dial first: all on the way to it is waiting, and the rest is done while the relay answers.
        links.forEach(NodeLink::start);
        backends.start();
        locals.start();
    }

    /** Drains, then closes. Blocking. */
    public void stop(Duration deadline) {
        CountDownLatch left = new CountDownLatch(links.size());
        links.forEach(link -> link.stop(deadline, left::countDown));
        try {
            boolean drained = left.await(deadline.toMillis() + 1_000, TimeUnit.MILLISECONDS);
            LOG.debug("drained: {}", drained);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
    }

    /** Reads the configuration again: other models for this machine, unchanged ones keep running. Blocking; says why not in the log. */
    public void reload() {
        reloader.reload();
    }

    /** At once, as a killed process would, but for the lock. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        backends.close();
        locals.close();
        loops.close();
        try {
            lock.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
