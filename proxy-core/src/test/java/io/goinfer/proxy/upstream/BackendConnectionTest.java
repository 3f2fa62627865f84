// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.net.EventLoops;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real sockets. */
class BackendConnectionTest {
    private static final String ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    /** As in {@link BackendConnection}, and a little. */
    private static final long STOPPED_NANOS = TimeUnit.MILLISECONDS.toNanos(3_100);

    /** A loop that is busy is to the backend what a process under SIGSTOP is: it may have given the connection up. */
    @Test
    @Timeout(60)
    void aStopDuringTheConnectIsFollowedByAnotherConnect() throws Exception {
        try (ServerSocket backend = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
                EventLoops loops = new EventLoops("test", 1)) {
            CompletableFuture<String> first = new CompletableFuture<>();
            Thread server = new Thread(() -> serve(backend, first), "backend");
            server.start();
            CompletableFuture<Integer> status = new CompletableFuture<>();
            EventLoop loop = loops.next();
            loop.execute(() -> {
                request(backend.getLocalPort(), loop, status);
                long begun = System.nanoTime();
                while (System.nanoTime() - begun < STOPPED_NANOS) {
                    LockSupport.parkNanos(begun + STOPPED_NANOS - System.nanoTime());
                }
            });
            assertThat(status.get(30, TimeUnit.SECONDS)).isEqualTo(200);
            assertThat(first.get(30, TimeUnit.SECONDS)).isEmpty();
            server.join();
        }
    }

    private static void serve(ServerSocket backend, CompletableFuture<String> first) {
        try {
            try (Socket one = backend.accept()) {
                first.complete(head(one.getInputStream()));
            }
            try (Socket two = backend.accept()) {
                String unused = head(two.getInputStream());
                two.getOutputStream().write(ANSWER.getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Up to the blank line or the end. */
    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (int next = in.read(); next >= 0; next = in.read()) {
            head.append((char) next);
            if (head.indexOf("\r\n\r\n") >= 0) {
                break;
            }
        }
        return head.toString();
    }

    private static void request(int port, EventLoop loop, CompletableFuture<Integer> status) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        HttpUpstream upstream = new HttpUpstream(new HttpUpstream.Target(
                () -> address, "127.0.0.1:" + port, "", null, () -> true, () -> {}, Duration.ZERO, Duration.ZERO));
        RequestHead head = RequestHead.first("1", "GET", "/v1/models", new DefaultHttpHeaders(), false);
        Upstream.Stream stream = upstream.open(head, "", loop, new Told(status));
        stream.end(EmptyHttpHeaders.INSTANCE);
        stream.flush();
    }

    private record Told(CompletableFuture<Integer> status) implements Upstream.Response {
        @Override
        public void onInfo(int code, HttpHeaders headers) {}

        @Override
        public void onHead(int code, HttpHeaders headers) {
            status.complete(code);
        }

        @Override
        public void onBody(ByteBuf content) {
            content.release();
        }

        @Override
        public void onEnd(HttpHeaders trailers) {}

        @Override
        public void onFailed(Refusal refusal) {
            status.completeExceptionally(new IOException(refusal.toString()));
        }

        @Override
        public void onWritable() {}

        @Override
        public void onBatchEnd() {}
    }
}
