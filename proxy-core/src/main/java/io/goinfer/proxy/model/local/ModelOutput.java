// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.model.process.LogRing;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What models print, a message a line, in a log of its own: {@code logToStdout}. Thread-safe. */
public final class ModelOutput {
    /** The name of that log. */
    public static final String LOG_NAME = "goinfer.models";

    private static final Logger LOG = LoggerFactory.getLogger(LOG_NAME);
    private static final int LONGEST_LINE = 16 << 10;

    private final LocalModels models;
    private final Set<LogRing> heard = new HashSet<>();

    private ModelOutput(LocalModels models) {
        this.models = models;
    }

    /** Of the models that there are and that will come. */
    public static void follow(LocalModels models) {
        ModelOutput output = new ModelOutput(models);
        models.onChange(output::hear);
        output.hear();
    }

    private synchronized void hear() {
        heard.removeIf(LogRing::isClosed);
        for (LocalState.Status one : models.state().statuses()) {
            LogRing ring = models.log(one.model().id());
            if (ring != null && heard.add(ring)) {
                ring.listen(new Lines()::add);
            }
        }
    }

    /** Of one model. */
    private static final class Lines {
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        synchronized void add(byte[] bytes) {
            for (byte next : bytes) {
                if (next == '\n' || line.size() == LONGEST_LINE) {
                    LOG.info("{}", line.toString(StandardCharsets.UTF_8).stripTrailing());
                    line.reset();
                }
                if (next != '\n') {
                    line.write(next);
                }
            }
        }
    }
}
