// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Clients that leave: before, while and instead of reading an answer, politely and with a reset, fast and slowly. A thread each. */
final class RudeClients {
    private static final int THREADS = 6;
    private static final int LONGEST_MILLIS = 3_000;
    private static final int BUFFER = 4_096;

    private enum Manner {
        /** Connects, and that is all. */
        SILENT,
        /** Half a head. */
        HALF_HEAD,
        /** A head that promises more body than comes. */
        HALF_BODY,
        /** Asks and leaves before anything comes. */
        IMPATIENT,
        /** Leaves in the middle. */
        LEAVES,
        /** Resets in the middle. */
        RESETS,
        /** Does not read what comes as fast as it can, then leaves. */
        STALLS
    }

    private final LoadDriver.Target target;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong count = new AtomicLong();
    private volatile boolean over;

    /** @param seed of what they do */
    RudeClients(LoadDriver.Target target, long seed) {
        this.target = target;
        for (int i = 0; i < THREADS; i++) {
            SplittableRandom random = new SplittableRandom(seed + i);
            Thread thread = new Thread(() -> run(random), "rude-" + i);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    long count() {
        return count.get();
    }

    private void run(SplittableRandom random) {
        while (!over) {
            Manner manner = Manner.values()[random.nextInt(Manner.values().length)];
            try (Socket socket = new Socket()) {
                socket.setReceiveBufferSize(BUFFER);
                socket.connect(new InetSocketAddress("127.0.0.1", target.port()), 5_000);
                socket.setSoTimeout(LONGEST_MILLIS);
                visit(socket, manner, random);
            } catch (IOException e) {
                // Nobody is owed an answer.
            } catch (InterruptedException e) {
                return;
            }
            count.incrementAndGet();
        }
    }

    private void visit(Socket socket, Manner manner, SplittableRandom random) throws IOException, InterruptedException {
        double rate = manner == Manner.STALLS ? 0 : 20;
        byte[] request =
                target.request(new Load(1, 1_000_000, rate, 0, Duration.ZERO)).getBytes(StandardCharsets.UTF_8);
        int sent = switch (manner) {
            case SILENT -> 0;
            case HALF_HEAD -> 40;
            case HALF_BODY -> request.length - 10;
            default -> request.length;
        };
        socket.getOutputStream().write(request, 0, sent);
        socket.getOutputStream().flush();
        int stay = random.nextInt(manner == Manner.IMPATIENT ? 20 : LONGEST_MILLIS / 2);
        switch (manner) {
            case LEAVES, RESETS -> {
                read(socket.getInputStream(), stay);
                socket.setSoLinger(manner == Manner.RESETS, 0);
            }
            default -> TimeUnit.MILLISECONDS.sleep(stay);
        }
    }

    private static void read(InputStream in, int millis) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() < end && in.read(buffer) >= 0) {}
    }

    /** Waits for what they are doing. */
    void stop() throws InterruptedException {
        over = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
