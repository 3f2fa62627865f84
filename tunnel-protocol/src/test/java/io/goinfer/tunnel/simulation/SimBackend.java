// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.session.ExchangeEvents;
import io.goinfer.tunnel.session.TunnelExchange;
import io.goinfer.tunnel.simulation.SimBody.Violation;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.SplittableRandom;

/** What runs for one exchange at the node. */
final class SimBackend implements ExchangeEvents {
    final SimBody body;
    private final SimWorld world;
    final SimClient client;
    private final TunnelExchange exchange;
    private final SplittableRandom random;
    private int toSend;
    private boolean headSent;
    private boolean requestEnded;
    private long unconsumed;
    private boolean started;
    private boolean gone;
    boolean finished;
    boolean failed;

    SimBackend(SimWorld world, SimClient client, TunnelExchange exchange, SplittableRandom random) {
        this.world = world;
        this.client = client;
        this.exchange = exchange;
        this.random = random;
        this.body = client.response.twin();
        this.toSend = world.size();
    }

    /** It runs, for somebody or nobody. */
    boolean isRunning() {
        return started && !finished && !failed && !gone;
    }

    @Override
    public void onOpened() {
        started = true;
    }

    void act(boolean mayFail) {
        if (!isRunning()) {
            return;
        }
        if (mayFail && random.nextInt(40) == 0) {
            world.note(() -> "backend of " + client.name + " fails");
            failed = true;
            exchange.reset(Code.BACKEND_RESET, "failed");
        } else if (!headSent) {
            headSent = true;
            boolean nothing = random.nextInt(8) == 0;
            finished = nothing;
            exchange.sendResponse(new Frame.Response(200, List.of(), nothing));
        } else if (unconsumed > 0 && random.nextBoolean()) {
            long size = unconsumed;
            unconsumed = 0;
            exchange.consumed(size);
        } else if (toSend > 0 && exchange.isWritable()) {
            int size = Math.min(toSend, 1 + random.nextInt(toSend));
            toSend -= size;
            exchange.sendData(body.next(size));
        } else if (toSend == 0) {
            world.note(() -> "backend of " + client.name + " has finished");
            finished = true;
            exchange.sendEnd(random.nextBoolean() ? List.of() : List.of(new Field("t", client.name)));
        } else if (unconsumed > 0) {
            long size = unconsumed;
            unconsumed = 0;
            exchange.consumed(size);
        }
    }

    @Override
    public void onData(ByteBuf content) {
        unconsumed += client.request.check(content, "request of " + client.name);
    }

    @Override
    public void onEnd() {
        if (requestEnded || client.request.seen() != client.request.made() && !client.isDone()) {
            throw new Violation("request of " + client.name + " ended at " + client.request.seen());
        }
        requestEnded = true;
    }

    @Override
    public void onReset(Code code, String reason) {
        world.note(() -> "backend of " + client.name + " is told " + code + ": " + reason);
        if (gone || failed) {
            throw new Violation("backend of " + client.name + " was told twice");
        }
        gone = true;
        if (!client.isDone() && !world.mayExpire()) {
            throw new Violation(
                    "the node ended " + client.name + " with " + code + ": " + reason + "; its client waits");
        }
    }
}
