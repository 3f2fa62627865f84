// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.bench.link.Conditions;
import io.goinfer.bench.link.Link;
import io.goinfer.bench.link.Link.Direction;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One thing that home lines do to a tunnel, while streams run through it.
 *
 * @param seconds how long the streams last
 * @param nodeOptions of {@code goinfer connect}
 * @param line what the link is like before
 */
public record Scenario(String name, int seconds, List<String> nodeOptions, Conditions line, Fault fault) {
    /** The place where it happens. Blocking. */
    public interface Scene {
        Link link();

        /** Suspends the node's process, or lets it go on. */
        void node(boolean runs) throws IOException, InterruptedException;

        /** From now to the end of the streams something large is downloaded through the tunnel. */
        void download();

        /** The same to the node. */
        void upload();

        /** The fault is over: how long until every stream moves again? */
        void over();
    }

    /** What happens; called when the streams run. */
    public interface Fault {
        void happen(Scene scene) throws IOException, InterruptedException;
    }

    /** Of every scenario, there and back. */
    public static final Duration ROUND_TRIP = Duration.ofMillis(30);

    private static final Conditions LINE = Conditions.delayed(ROUND_TRIP.dividedBy(2));

    private static final long UPLINK = 40_000_000;
    private static final long NARROW_UPLINK = 10_000_000;

    private static final List<String> ANY = List.of();
    private static final List<String> TCP = List.of("--transport", "tcp");

    private Scenario(String name, int seconds, List<String> nodeOptions, Fault fault) {
        this(name, seconds, nodeOptions, LINE, fault);
    }

    public static List<Scenario> all() {
        return List.of(
                new Scenario("loopback", 8, ANY, Conditions.NONE, scene -> {}),
                new Scenario("loopback-upload", 20, ANY, Conditions.NONE, Scene::upload),
                new Scenario("nothing", 8, ANY, scene -> {}),
                new Scenario("nothing-tcp", 8, TCP, scene -> {}),
                dead("dead-5s", 5, Direction.THERE, Direction.BACK),
                dead("dead-15s", 15, Direction.THERE, Direction.BACK),
                dead("dead-40s", 40, Direction.THERE, Direction.BACK),
                dead("dead-15s-up", 15, Direction.THERE),
                dead("dead-15s-down", 15, Direction.BACK),
                new Scenario("nat-forgets-udp", 10, ANY, scene -> scene.link().rebindUdp()),
                new Scenario("nat-forgets-upload", 15, ANY, scene -> {
                    scene.upload();
                    TimeUnit.SECONDS.sleep(2);
                    scene.link().rebindUdp();
                }),
                new Scenario("nat-forgets-tcp", 15, TCP, scene -> scene.link().forgetTcp()),
                new Scenario("tcp-reset", 10, TCP, scene -> scene.link().cutTcp()),
                new Scenario("udp-blocked", 15, ANY, scene -> scene.link().udp(false)),
                new Scenario("node-stopped-20s", 27, ANY, scene -> {
                    scene.node(false);
                    TimeUnit.SECONDS.sleep(20);
                    scene.node(true);
                    scene.over();
                }),
                loss("loss-1%", ANY),
                loss("loss-1%-tcp", TCP),
                new Scenario(
                        "loss-1%-bulk",
                        20, ANY, scene -> {
                            scene.link().conditions(LINE.withLoss(0.01));
                            scene.download();
                        }),
                new Scenario("uplink-full", 20, ANY, scene -> fill(scene, UPLINK)),
                new Scenario("uplink-full-tcp", 20, TCP, scene -> fill(scene, UPLINK)),
                new Scenario("uplink-10-full", 20, ANY, scene -> fill(scene, NARROW_UPLINK)));
    }

    private static Scenario dead(String name, int seconds, Direction... directions) {
        return new Scenario(name, seconds + 6, ANY, scene -> {
            for (Direction direction : directions) {
                scene.link().pass(direction, false);
            }
            TimeUnit.SECONDS.sleep(seconds);
            scene.link().pass(true);
            scene.over();
        });
    }

    /** A home line with so many bits a second up, whose router queues 200 ms, and somebody downloads from the node. */
    private static void fill(Scene scene, long uplink) {
        scene.link().conditions(Direction.THERE, LINE.withRate(uplink, (int) (uplink / 8 / 5)));
        scene.download();
    }

    private static Scenario loss(String name, List<String> options) {
        return new Scenario(name, 20, options, scene -> scene.link().conditions(LINE.withLoss(0.01)));
    }
}
