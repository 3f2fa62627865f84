// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.model.discovery.FoundModel;
import io.goinfer.proxy.model.gguf.GgufHeader;
import io.goinfer.proxy.model.gguf.HeaderCache;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Configured and found models to {@link LocalModel}s. Pure. */
public final class LocalModelFactory {
    private static final JsonFactory JSON = new JsonFactory();

    /** llama-swap's first port; a found model takes the next one that is free. */
    private static final int FIRST_PORT = 5_800;

    /** Requests for one found model that may wait or run. */
    private static final int QUEUE = 256;

    private static final Duration UNLOAD = Duration.ofSeconds(10);

    /** llama-server's own buffers, roughly. */
    private static final long OVERHEAD = 512L << 20;

    private final String llamaExe;
    private final List<String> commonArgs;

    /** @param llamaExe "" = llama-server on the PATH */
    public LocalModelFactory(String llamaExe, List<String> commonArgs) {
        this.llamaExe = llamaExe.isEmpty() ? "llama-server" : llamaExe;
        this.commonArgs = List.copyOf(commonArgs);
    }

    public static LocalModel configured(SwapConfig.Model model, boolean aliasesListed) {
        String bodyName = model.useModelName() == null ? model.id() : model.useModelName();
        return new LocalModel(
                model.id(),
                bodyName,
                model.aliases(),
                model.command(),
                model.stopCommand(),
                model.proxy(),
                model.port(),
                model.environment(),
                model.checkEndpoint(),
                model.ttl(),
                model.unloadTimeout(),
                !model.unlisted(),
                aliasesListed && !model.unlisted(),
                model.name(),
                model.description(),
                model.concurrencyLimit(),
                new JsonFilter(Set.copyOf(model.stripParams()), model.setParams()),
                0,
                "",
                0,
                meta(model.name(), model.description(), null, 0),
                "");
    }

    public LocalModel found(FoundModel file, HeaderCache.Entry header) {
        List<String> command = new ArrayList<>(List.of(llamaExe, "--port", "${PORT}"));
        command.addAll(commonArgs);
        command.addAll(List.of("-m", file.file().toString()));
        if (file.projector() != null) {
            command.addAll(List.of("--mmproj", file.projector().toString()));
        }
        command.addAll(file.flags());
        if (Collections.disjoint(command, List.of("-a", "--alias"))) {
            // Or answers would name the file's path.
            command.addAll(List.of("-a", file.name()));
        }
        String error = !file.error().isEmpty() ? file.error() : header.problem();
        GgufHeader known = header.header();
        return new LocalModel(
                file.name(),
                file.name(),
                Set.of(),
                command,
                List.of(),
                "http://127.0.0.1:${PORT}",
                FIRST_PORT,
                List.of(),
                "/health",
                Duration.ZERO,
                UNLOAD,
                error.isEmpty(),
                false,
                "",
                "",
                QUEUE,
                JsonFilter.NONE,
                known == null ? 0 : need(command, file.bytes(), known),
                file.file().toString(),
                file.bytes(),
                meta("", "", known, file.bytes()),
                error);
    }

    /** Weights, cache and buffers; 0 = not known before it ran, because llama-server fits itself to what is free. */
    private static long need(List<String> command, long bytes, GgufHeader header) {
        int context = -1;
        for (int i = 0; i + 1 < command.size(); i++) {
            boolean names = List.of("-c", "--ctx-size").contains(command.get(i));
            if (names && command.get(i + 1).matches("\\d{1,8}")) {
                context = Integer.parseInt(command.get(i + 1));
            }
        }
        if (context < 0) {
            return 0;
        }
        long tokens = context == 0 ? header.contextLength() : context;
        return bytes + tokens * header.cacheBytesPerToken() + OVERHEAD;
    }

    private static String meta(String name, String description, @Nullable GgufHeader header, long bytes) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartObject();
            field(out, "name", name);
            field(out, "description", description);
            if (bytes > 0) {
                out.writeNumberField("size", bytes);
            }
            if (header != null) {
                field(out, "architecture", header.architecture());
                field(out, "quantization", header.quantisation());
                if (header.contextLength() > 0) {
                    out.writeNumberField("n_ctx_train", header.contextLength());
                }
                out.writeBooleanField("chat_template", header.chat());
            }
            out.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("a StringWriter does not fail", e);
        }
        return text.toString().equals("{}") ? "" : text.toString();
    }

    private static void field(JsonGenerator out, String name, String value) throws IOException {
        if (!value.isEmpty()) {
            out.writeStringField(name, value);
        }
    }
}
