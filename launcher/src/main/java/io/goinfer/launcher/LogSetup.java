// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import io.goinfer.proxy.model.local.ModelOutput;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Logs go to standard error, asynchronously: a full pipe must not stop an event loop or a model. In code, because reading XML costs a third of the start. */
public final class LogSetup extends ContextAwareBase implements Configurator {
    static final String PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSS} %-5level %logger{0}: %msg%n%ex";

    /** Messages that wait while standard error takes none; what comes then is dropped. */
    private static final int QUEUE = 4096;

    /** The same of models, whose lines may be long. */
    private static final int MODELS_QUEUE = 1024;

    private static final Changes CHANGES = new Changes();

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        root(context).setLevel(Level.INFO);
        root(context).addAppender(console(context, "System.err", PATTERN, QUEUE));
        context.getLogger("io.netty").setLevel(Level.WARN);
        CHANGES.begin(context);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** SLF4J may be starting in another thread while the command line is read: what is asked for meanwhile waits. Thread-safe. */
    static final class Changes {
        private final List<Consumer<LoggerContext>> waiting = new ArrayList<>();
        private @Nullable LoggerContext context;

        synchronized void begin(LoggerContext configured) {
            context = configured;
            waiting.forEach(change -> change.accept(configured));
            waiting.clear();
        }

        synchronized void make(Consumer<LoggerContext> change) {
            if (context == null) {
                waiting.add(change);
            } else {
                change.accept(context);
            }
        }

        synchronized void stop() {
            if (context != null) {
                context.stop();
            }
        }
    }

    private static ch.qos.logback.classic.Logger root(LoggerContext context) {
        return context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    }

    private static AsyncAppender console(LoggerContext context, String target, String pattern, int queue) {
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setLayout(new LogLine(context, pattern));
        encoder.start();
        ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
        console.setContext(context);
        console.setTarget(target);
        console.setEncoder(encoder);
        console.start();
        AsyncAppender async = new AsyncAppender();
        async.setContext(context);
        async.setQueueSize(queue);
        async.setNeverBlock(true);
        async.addAppender(console);
        async.start();
        return async;
    }

    /** As llama-swap.yml asks: what models print goes to standard output, whatever the level. */
    static void modelsToStandardOutput() {
        CHANGES.make(context -> {
            ch.qos.logback.classic.Logger models = context.getLogger(ModelOutput.LOG_NAME);
            if (models.isAdditive()) {
                models.setAdditive(false);
                models.setLevel(Level.INFO);
                models.addAppender(console(context, "System.out", "%msg%n", MODELS_QUEUE));
            }
        });
    }

    /** @param name of a level, in any case; any other = info, as in llama-swap */
    static void level(String name) {
        set(Level.toLevel(name, Level.INFO));
    }

    static void level(boolean quiet, boolean verbose) {
        set(quiet ? Level.WARN : verbose ? Level.DEBUG : Level.INFO);
    }

    private static void set(Level level) {
        CHANGES.make(context -> {
            root(context).setLevel(level);
            context.getLogger("goinfer.access").setLevel(level.isGreaterOrEqual(Level.INFO) ? level : Level.INFO);
        });
    }

    /** For what provokes warnings by the thousand. */
    static void errorsOnly() {
        CHANGES.make(context -> root(context).setLevel(Level.ERROR));
    }

    /** What is queued still goes out. */
    static void flush() {
        CHANGES.stop();
    }
}
