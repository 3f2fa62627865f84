// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.simulation.SimBody.Violation;
import io.goinfer.tunnel.simulation.SimWorld.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One schedule: what clients, backends, loops and connections do, in an order that the seed chooses. Then the connections heal, and everything has to come
 * to its end.
 */
final class HandoverSimulation {
    private static final int MAX_SESSIONS = 4;
    private static final int MAX_CLIENTS = 8;
    private static final int SETTLE_TICKS = 160;

    private final SimWorld world;
    private final SplittableRandom random;

    private HandoverSimulation(long seed, boolean tracing) {
        this.world = new SimWorld(seed, tracing);
        this.random = world.random;
    }

    /** Null if all went well, else what was wrong. */
    static @Nullable String run(long seed) {
        return new HandoverSimulation(seed, false).run();
    }

    /** The same schedule once more, written down. */
    static List<String> trace(long seed) {
        HandoverSimulation again = new HandoverSimulation(seed, true);
        String wrong = again.run();
        List<String> notes = new ArrayList<>(again.world.notes);
        notes.add(String.valueOf(wrong));
        return notes;
    }

    private @Nullable String run() {
        try {
            world.connect();
            world.settle();
            int steps = 20 + random.nextInt(60);
            for (int i = 0; i < steps; i++) {
                step();
            }
            return heal();
        } catch (Violation | IllegalStateException e) {
            world.note(() -> String.valueOf(e));
            return String.valueOf(e.getMessage());
        } finally {
            world.stop();
        }
    }

    private void step() {
        switch (random.nextInt(16)) {
            case 0, 1 -> {
                if (world.clients.size() < MAX_CLIENTS) {
                    world.open();
                }
            }
            case 2, 3 -> clientActs();
            case 4, 5 -> backendActs();
            case 6 -> someLeaves();
            case 7 -> stalls();
            case 8 -> recovers();
            case 9 -> {
                if (world.sessions.size() < MAX_SESSIONS) {
                    world.connect();
                }
            }
            case 10 -> ends();
            case 11, 12 -> passes(1 + random.nextInt(20));
            default -> passes(1);
        }
        moves(random.nextInt(24));
    }

    private void moves(int most) {
        for (int i = 0; i < most; i++) {
            if (random.nextInt(3) == 0 ? !world.runTask() && !world.deliver() : !world.deliver() && !world.runTask()) {
                return;
            }
        }
    }

    private void clientActs() {
        if (!world.clients.isEmpty()) {
            world.clients.get(random.nextInt(world.clients.size())).act();
        }
    }

    private void backendActs() {
        List<SimBackend> all = world.backends();
        if (!all.isEmpty()) {
            all.get(random.nextInt(all.size())).act(true);
        }
    }

    private void someLeaves() {
        if (!world.clients.isEmpty() && random.nextInt(3) == 0) {
            world.clients.get(random.nextInt(world.clients.size())).leave();
        }
    }

    private @Nullable Session some() {
        return world.sessions.isEmpty() ? null : world.sessions.get(random.nextInt(world.sessions.size()));
    }

    private void stalls() {
        Session one = some();
        if (one != null) {
            int which = random.nextInt(3);
            world.note(() -> "session " + one.link.number + " stalls"
                    + List.of("", " to the node", " to the relay").get(which));
            one.link.stall(SimLink.TO_NODE, which != 2);
            one.link.stall(SimLink.TO_RELAY, which != 1);
        }
    }

    private void recovers() {
        Session one = some();
        if (one != null && one.link.isStalled()) {
            recover(one);
        }
    }

    private void recover(Session one) {
        world.note(() -> "session " + one.link.number + " recovers");
        one.link.stall(SimLink.TO_NODE, false);
        one.link.stall(SimLink.TO_RELAY, false);
    }

    /** A session ends, in one of the ways that sessions end in. */
    private void ends() {
        Session one = some();
        if (one == null) {
            return;
        }
        TunnelSession side = random.nextBoolean() ? one.relay : one.node;
        switch (random.nextInt(6)) {
            case 0 -> {
                world.note(() -> "session " + one.link.number + " breaks");
                one.link.cut();
            }
            case 1 -> {
                if (side != null) {
                    world.note(() -> "session " + one.link.number + " is closed");
                    side.close(Code.SESSION_LOST, "closed");
                }
            }
            case 2, 3 -> {
                if (side != null && world.sessions.size() > 1) {
                    world.note(() -> "session " + one.link.number + " drains");
                    side.drain(Code.MOVED, Duration.ofMillis(random.nextInt(1_000)), "moved");
                }
            }
            case 4 -> {
                if (random.nextInt(6) == 0) {
                    world.restartRelay();
                }
            }
            default -> {
                // Sessions end seldom.
            }
        }
    }

    /** Time goes by; mostly what can move moves meanwhile. */
    private void passes(int slices) {
        for (int i = 0; i < slices; i++) {
            world.tick();
            if (random.nextInt(8) == 0) {
                moves(random.nextInt(12));
            } else {
                world.settle();
            }
        }
    }

    private @Nullable String heal() {
        world.note(() -> "everything heals");
        world.sessions.forEach(this::recover);
        if (world.sessions.stream().noneMatch(Session::isOpen)) {
            world.connect();
        }
        String left = "";
        for (int i = 0; i < SETTLE_TICKS && left != null; i++) {
            for (int k = 0; k < 6; k++) {
                world.settle();
                world.clients.forEach(SimClient::act);
                world.backends().forEach(backend -> backend.act(false));
            }
            world.settle();
            left = world.left();
            if (left != null) {
                world.tick();
                if (world.sessions.stream().noneMatch(Session::isOpen)) {
                    world.connect();
                }
            }
        }
        return left;
    }
}
