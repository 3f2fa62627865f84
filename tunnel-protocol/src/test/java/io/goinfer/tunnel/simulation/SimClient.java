// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.ExchangeEvents;
import io.goinfer.tunnel.session.TunnelExchange;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.simulation.SimBody.Violation;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Who asks, at the relay. */
final class SimClient implements ExchangeEvents {
    final String name;
    final Id id;
    final SimBody request;
    final SimBody response;
    private final SimWorld world;
    private final SplittableRandom random;
    private int toSend;
    private boolean requestEnded;
    private long unconsumed;
    private @Nullable TunnelExchange exchange;
    boolean head;
    boolean left;
    boolean ended;

    @Nullable
    Code reset;

    /** Its relay is gone. */
    private boolean orphan;

    SimClient(SimWorld world, int number, SplittableRandom random) {
        this.world = world;
        this.random = random;
        this.name = "c" + number;
        this.id = new Id(random.nextLong(), number);
        this.request = new SimBody(number);
        this.response = new SimBody(number + 100);
        this.toSend = random.nextInt(3) == 0 ? world.size() : 0;
    }

    void open(TunnelSession session) {
        requestEnded = toSend == 0;
        exchange = session.open(
                Frame.Request.of(id, List.of(new Field(":method", "POST"), new Field("n", name)), requestEnded), this);
    }

    boolean isDone() {
        return orphan || left || ended || reset != null;
    }

    /** One of the things that a client does. */
    void act() {
        TunnelExchange to = exchange;
        if (isDone() || to == null) {
            return;
        }
        if (toSend > 0 && to.isWritable()) {
            int size = Math.min(toSend, 1 + random.nextInt(toSend));
            toSend -= size;
            to.sendData(request.next(size));
        } else if (toSend == 0 && !requestEnded) {
            requestEnded = true;
            to.sendEnd(random.nextBoolean() ? List.of() : List.of(new Field("t", name)));
        } else if (unconsumed > 0) {
            long size = unconsumed;
            unconsumed = 0;
            to.consumed(size);
        }
    }

    void leave() {
        if (!isDone() && exchange != null) {
            world.note(() -> name + " leaves");
            left = true;
            exchange.reset(Code.CANCELLED, "left");
        }
    }

    void orphaned() {
        orphan = true;
    }

    private void expectWaiting(String what) {
        if (isDone() && !orphan) {
            throw new Violation(name + " was told of " + what + " after its end");
        }
    }

    @Override
    public void onResponse(Frame.Response told) {
        expectWaiting("a head");
        if (head) {
            throw new Violation(name + " got a second head");
        }
        head = true;
    }

    @Override
    public void onData(ByteBuf content) {
        if (left) {
            content.release();
            throw new Violation(name + " got bytes after it left");
        }
        unconsumed += response.check(content, "response of " + name);
    }

    @Override
    public void onEnd() {
        expectWaiting("an end");
        world.note(() -> name + " has its answer");
        ended = true;
        SimBackend backend = world.backend(id);
        if (backend == null || !backend.finished || response.seen() != backend.body.made()) {
            throw new Violation(name + " was told of an end after " + response.seen() + " bytes that was none");
        }
    }

    @Override
    public void onReset(Code code, String reason) {
        expectWaiting(code.toString());
        world.note(() -> name + " is told " + code + ": " + reason);
        reset = code;
        if (orphan) {
            return;
        }
        SimBackend backend = world.backend(id);
        boolean backends = code == Code.BACKEND_RESET && backend != null && backend.failed;
        boolean full = code == Code.REFUSED && backend == null;
        if (!backends && !full && !world.mayExpire()) {
            throw new Violation(name + " was ended with " + code + ": " + reason);
        }
    }

    @Override
    public void onMoved(EventLoop loop) {
        world.note(() -> name + " changes its loop");
    }
}
