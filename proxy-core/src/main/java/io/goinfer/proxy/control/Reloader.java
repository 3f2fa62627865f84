// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.upstream.Refusal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the configuration again, one at a time. What has errors changes nothing. Models follow it at once, everything else from the next start on.
 * Thread-safe.
 */
public final class Reloader {
    private static final Logger LOG = LoggerFactory.getLogger(Reloader.class);

    /** Where the configuration comes from; the same as at the start. Blocking. */
    public interface Source {
        GoinferConfig read() throws IOException, ConfigException;
    }

    private final Source source;
    private final Consumer<GoinferConfig> user;
    private final Executor blocking;

    /** @param user takes of it what can change while it runs. Blocking */
    public Reloader(Source source, Consumer<GoinferConfig> user, Executor blocking) {
        this.source = source;
        this.user = user;
        this.blocking = blocking;
    }

    /** What is wrong with it; empty: it is in force. Blocking. */
    public synchronized List<ConfigProblem> reload() {
        List<ConfigProblem> problems;
        try {
            user.accept(source.read());
            LOG.info("configuration read again; models follow it, everything else from the next start on");
            return List.of();
        } catch (ConfigException e) {
            problems = e.problems();
        } catch (IOException | IllegalArgumentException e) {
            problems = List.of(new ConfigProblem("configuration", 0, "", String.valueOf(e.getMessage()), true));
        }
        problems.forEach(problem -> LOG.error("{}", problem.text()));
        LOG.error("the configuration has errors; the one before stays in force");
        return problems;
    }

    CompletionStage<Reply> reply() {
        return CompletableFuture.supplyAsync(
                () -> {
                    List<ConfigProblem> problems = reload();
                    return problems.isEmpty() ? Reply.json(Map.of("reloaded", true)) : refusal(problems);
                },
                blocking);
    }

    /** OpenAI's envelope with each problem in it. */
    private static Reply refusal(List<ConfigProblem> problems) {
        List<Object> rows = new ArrayList<>();
        for (ConfigProblem problem : problems) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("file", problem.source());
            row.put("line", problem.line());
            row.put("key", problem.key());
            row.put("message", problem.message());
            row.put("fatal", problem.fatal());
            rows.add(row);
        }
        Refusal refusal =
                Refusal.invalid("invalid_config", "the configuration has errors; the one before stays in force");
        Map<String, @Nullable Object> error = new LinkedHashMap<>();
        error.put("message", refusal.message());
        error.put("type", refusal.type());
        error.put("code", refusal.code());
        error.put("param", null);
        error.put("problems", rows);
        Reply reply = Reply.json(Map.of("error", error));
        return new Reply(refusal.status(), reply.contentType(), reply.body());
    }
}
