// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/** What /metrics shows. Names of the OpenTelemetry GenAI conventions where there is one, in Prometheus' form. Thread-safe. */
public final class Metrics {
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter exchanges = Counter.builder()
            .name("goinfer_exchanges_total")
            .help("Requests that went, or should have gone, to a model, by the status that the client got.")
            .labelNames("status")
            .register(registry);
    private final Counter clientsGone = Counter.builder()
            .name("goinfer_clients_gone_total")
            .help("Exchanges whose client left before the end.")
            .register(registry);
    private final Counter retries = Counter.builder()
            .name("goinfer_retries_total")
            .help("Exchanges that were sent once more after their node or backend was lost.")
            .register(registry);
    private final Counter responseBytes = Counter.builder()
            .name("goinfer_response_bytes_total")
            .help("Bytes of models' answers.")
            .register(registry);
    private final Gauge running = Gauge.builder()
            .name("goinfer_exchanges_running")
            .help("Exchanges that run now.")
            .register(registry);
    private final Histogram timeToHead = Histogram.builder()
            .name("gen_ai_server_time_to_first_token_seconds")
            .help("From the request's head to the first bytes of the answer's body.")
            .unit(Unit.SECONDS)
            .classicOnly()
            .classicUpperBounds(
                    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60)
            .register(registry);
    private final Histogram duration = Histogram.builder()
            .name("gen_ai_server_request_duration_seconds")
            .help("From the request's head to the end of the answer.")
            .unit(Unit.SECONDS)
            .classicOnly()
            .classicUpperBounds(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
            .register(registry);

    /** A figure that is read when somebody asks. */
    public void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(out -> out.call(value.getAsDouble()))
                .register(registry);
    }

    /** The same for each of several, named by labels. */
    public void gauges(String name, String help, List<String> labels, Consumer<Sink> values) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(labels.toArray(String[]::new))
                .callback(out -> values.accept((value, of) -> out.call(value, of)))
                .register(registry);
    }

    /** Takes one value and its labels. */
    public interface Sink {
        void value(double value, String... labels);
    }

    /** A count that somebody else keeps. */
    public void counter(String name, String help, DoubleSupplier value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(out -> out.call(value.getAsDouble()))
                .register(registry);
    }

    public void started() {
        running.inc();
    }

    public void retried() {
        retries.inc();
    }

    public void firstByte(double seconds) {
        timeToHead.observe(seconds);
    }

    /** @param status what the client got; 499 if it left before a head */
    public void ended(int status, double seconds, long bytes, boolean clientGone) {
        running.dec();
        // A backend may say any number, and each would be kept for good.
        exchanges
                .labelValues(status >= 100 && status < 600 ? Integer.toString(status) : "other")
                .inc();
        responseBytes.inc(bytes);
        duration.observe(seconds);
        if (clientGone) {
            clientsGone.inc();
        }
    }

    /** Prometheus text. */
    public byte[] text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException e) {
            throw new IllegalStateException("memory does not fail", e);
        }
        return out.toByteArray();
    }
}
