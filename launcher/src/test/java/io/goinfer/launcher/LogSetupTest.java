// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

class LogSetupTest {
    private final LoggerContext context = new LoggerContext();
    private final LogSetup.Changes changes = new LogSetup.Changes();

    @Test
    void aLevelThatIsAskedForBeforeLoggingHasStartedHoldsThen() {
        changes.make(here -> here.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN));
        changes.begin(context);
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getLevel()).isEqualTo(Level.WARN);
    }

    @Test
    void oneThatIsAskedForLaterHoldsAtOnce() {
        changes.begin(context);
        changes.make(here -> here.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.ERROR));
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getLevel()).isEqualTo(Level.ERROR);
    }

    @Test
    void theSetUpTakesPart() {
        new LogSetup().configure(context);
        LogSetup.level(true, false);
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getLevel()).isEqualTo(Level.WARN);
        LogSetup.level(false, false);
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getLevel()).isEqualTo(Level.INFO);
        context.stop();
    }
}
