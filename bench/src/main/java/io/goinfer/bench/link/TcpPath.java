// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import io.goinfer.tunnel.wire.Writes;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import org.jspecify.annotations.Nullable;

/**
 * One TCP connection through a {@link Link}: two sockets and what is between them. The one who dials is connected at once, because this machine's kernel answers
 * it; the target hears of it when a SYN comes through. Confined to the link's loop.
 */
final class TcpPath {
    private final Link link;
    private final Channel near;
    private final TcpFlow there;
    private final Retransmission syn = new Retransmission();
    private @Nullable Channel far;
    private @Nullable TcpFlow back;
    private boolean forgotten;
    private boolean over;

    TcpPath(Link link, Channel near) {
        this.link = link;
        this.near = near;
        this.there = new TcpFlow(link, this, near, Link.Direction.THERE);
        near.pipeline().addLast(there);
        near.read();
    }

    /** One SYN; another after the next time-out if the line is dead. */
    void dial() {
        if (there.ended() || over) {
            close();
        } else if (link.passesBothWays()) {
            link.connect().addListener((ChannelFuture connected) -> {
                if (connected.isSuccess() && !over) {
                    meet(connected.channel());
                } else {
                    Writes.close(connected.channel());
                    close();
                }
            });
        } else {
            if (syn.runs()) {
                link.timedOut();
            }
            long wait = syn.runs() ? syn.again() : syn.startSyn();
            link.at(System.nanoTime() + wait, this::dial);
        }
    }

    private void meet(Channel target) {
        far = target;
        back = new TcpFlow(link, this, target, Link.Direction.BACK);
        target.pipeline().addLast(back);
        back.connected(near);
        there.connected(target);
        target.read();
    }

    /** Data came to the end of {@code direction}; it acknowledges what went the other way. */
    void arrived(Link.Direction direction) {
        TcpFlow other = opposite(direction);
        if (other != null) {
            other.answered();
        }
    }

    /** Data came to an end that is closed: its machine answers with a reset. */
    void refused(Link.Direction direction) {
        TcpFlow other = opposite(direction);
        if (other != null) {
            other.reset();
        }
    }

    private @Nullable TcpFlow opposite(Link.Direction direction) {
        return direction == Link.Direction.THERE ? back : there;
    }

    boolean isOver() {
        return over;
    }

    /** Nothing passes any more. */
    boolean isDead() {
        return forgotten || over;
    }

    void forget() {
        forgotten = true;
    }

    /** Both ends are reset. */
    void cut() {
        near.config().setOption(ChannelOption.SO_LINGER, 0);
        if (far != null) {
            far.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        close();
    }

    void close() {
        if (over) {
            return;
        }
        over = true;
        link.over(this);
        Writes.close(near);
        there.release();
        if (far != null) {
            Writes.close(far);
        }
        if (back != null) {
            back.release();
        }
    }
}
