// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.pattern.MessageConverter;
import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import org.jspecify.annotations.Nullable;

/**
 * A message as one line, and a stack trace as the lines behind it. Every log goes through here, and whatever others wrote into a message or an exception's
 * message is made {@link Printable} here, so that no caller can forget it.
 */
final class LogLine extends PatternLayout {
    /** @param pattern with {@code %msg} and {@code %ex} alone for what is logged. Started. */
    LogLine(LoggerContext context, String pattern) {
        getInstanceConverterMap().put("msg", Message::new);
        getInstanceConverterMap().put("ex", StackTrace::new);
        setContext(context);
        setPattern(pattern);
        start();
    }

    private static final class Message extends MessageConverter {
        @Override
        public String convert(ILoggingEvent event) {
            return Printable.line(String.valueOf(super.convert(event)));
        }
    }

    private static final class StackTrace extends ThrowableProxyConverter {
        @Override
        protected String throwableProxyToString(IThrowableProxy thrown) {
            return super.throwableProxyToString(new Thrown(thrown));
        }
    }

    /** The lines of a stack trace are ours, the messages in it may be others'. */
    private record Thrown(IThrowableProxy of) implements IThrowableProxy {
        private static @Nullable IThrowableProxy clean(@Nullable IThrowableProxy thrown) {
            return thrown == null ? null : new Thrown(thrown);
        }

        @Override
        public @Nullable String getMessage() {
            String message = of.getMessage();
            return message == null ? null : Printable.line(message);
        }

        @Override
        public String getClassName() {
            return of.getClassName();
        }

        @Override
        public StackTraceElementProxy[] getStackTraceElementProxyArray() {
            return of.getStackTraceElementProxyArray();
        }

        @Override
        public int getCommonFrames() {
            return of.getCommonFrames();
        }

        @Override
        public @Nullable IThrowableProxy getCause() {
            return clean(of.getCause());
        }

        @Override
        public IThrowableProxy[] getSuppressed() {
            // What the interface gives may be an array of a narrower type.
            IThrowableProxy[] all = of.getSuppressed();
            IThrowableProxy[] clean = new IThrowableProxy[all.length];
            for (int i = 0; i < all.length; i++) {
                clean[i] = new Thrown(all[i]);
            }
            return clean;
        }

        @Override
        public boolean isCyclic() {
            return of.isCyclic();
        }
    }
}
