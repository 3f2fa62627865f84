// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/** What a healthy process never logs: an exception that nobody expected, and text of a stranger that starts a line of its own. */
public final class LoggedFaults extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    /** Threads with such names are those of liars: what befalls them there is their own. */
    static final String SCRIPTED = "scripted-node";

    private final Logger root;
    private final List<String> faults = new ArrayList<>();

    public LoggedFaults() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        setContext(context);
        start();
        root.addAppender(this);
    }

    @Override
    protected void append(ILoggingEvent event) {
        boolean thrown = event.getLevel().isGreaterOrEqual(Level.WARN) && event.getThrowableProxy() != null;
        boolean split = event.getLevel().isGreaterOrEqual(Level.INFO)
                && event.getFormattedMessage().chars().anyMatch(c -> c < ' ' || c == 0x7f);
        if ((thrown || split) && !event.getThreadName().startsWith(SCRIPTED)) {
            synchronized (this) {
                faults.add((thrown ? "exception: " : "control character: ") + event.getLoggerName() + ": "
                        + event.getFormattedMessage()
                        + (thrown
                                ? ": " + event.getThrowableProxy().getClassName() + ": "
                                        + event.getThrowableProxy().getMessage()
                                : ""));
            }
        }
    }

    /** Since the last call. */
    public synchronized List<String> take() {
        List<String> all = List.copyOf(faults);
        faults.clear();
        return all;
    }

    @Override
    public void close() {
        root.detachAppender(this);
        stop();
    }
}
