// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import io.goinfer.certs.StateFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** One process a state folder: a lock that dies with its holder, and the holder's pid beside it. */
public final class StateLock implements AutoCloseable {
    private static final int PID_AT = 0;
    private static final long LOCK_AT = 1 << 20;

    private final FileChannel channel;
    private final FileLock lock;

    private StateLock(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /** Empty: somebody else has it. */
    public static Optional<StateLock> take(Path folder) throws IOException {
        FileChannel channel = FileChannel.open(
                StateFile.folder(folder).resolve("lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock(LOCK_AT, 1, false);
        } catch (OverlappingFileLockException e) {
            // Held by this very process.
            lock = null;
        }
        if (lock == null) {
            channel.close();
            return Optional.empty();
        }
        channel.truncate(0);
        String pid = ProcessHandle.current().pid() + "\n";
        channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), PID_AT);
        return Optional.of(new StateLock(channel, lock));
    }

    /** Pid of the holder, as it wrote it; "" if unknown. */
    public static String holder(Path folder) {
        try {
            return StateFile.read(folder.resolve("lock")).orElse("").strip();
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public void close() throws IOException {
        lock.release();
        channel.close();
    }
}
