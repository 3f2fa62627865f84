// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One listener. {@code tls} null means by the rule: plain on loopback without {@code tunnel}, else TLS.
 *
 * @param host as written; empty means localhost
 */
public record Listen(
        String host,
        int port,
        Set<Service> services,
        @Nullable Boolean tls) {
    public Listen {
        services = Set.copyOf(services);
    }

    /** {@code ADDR[=SERVICES]}. @throws IllegalArgumentException with a text for a person */
    public static Listen parse(String text, String defaultHost) {
        int equals = text.indexOf('=');
        String address = equals < 0 ? text : text.substring(0, equals);
        Set<Service> services =
                equals < 0 ? EnumSet.of(Service.OPENAI, Service.ADMIN) : services(text.substring(equals + 1));
        return of(address, services, null, defaultHost);
    }

    static Listen of(String address, Set<Service> services, @Nullable Boolean tls, String defaultHost) {
        int colon = address.lastIndexOf(':');
        String host = colon < 0 ? "" : address.substring(0, colon).replaceAll("[\\[\\]]", "");
        int port;
        try {
            port = Integer.parseInt(address.substring(colon + 1).strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(address + " (expected: HOST:PORT or :PORT)");
        }
        if (colon < 0 || port < 0 || port > 65_535) {
            throw new IllegalArgumentException(address + " (expected: HOST:PORT or :PORT, port 0 to 65535)");
        }
        return new Listen(host.isEmpty() ? defaultHost : host, port, services, tls);
    }

    /** Words between commas or spaces. @throws IllegalArgumentException for an unknown word */
    static Set<Service> services(String words) {
        EnumSet<Service> services = EnumSet.noneOf(Service.class);
        for (String word : words.split("[,\\s]+")) {
            if (!word.isEmpty()) {
                Optional<Service> service = Service.of(word);
                services.add(service.orElseThrow(() -> new IllegalArgumentException(word + " (expected: "
                        + String.join(
                                ", ",
                                Arrays.stream(Service.values())
                                        .map(Service::word)
                                        .toList()) + ")")));
            }
        }
        if (services.isEmpty()) {
            throw new IllegalArgumentException(
                    "no service (expected: at least one of openai, models, goinfer, admin, tunnel)");
        }
        return services;
    }

    public InetSocketAddress socketAddress() {
        return new InetSocketAddress(host, port);
    }

    public boolean loopback() {
        InetSocketAddress address = socketAddress();
        return address.getAddress() != null && address.getAddress().isLoopbackAddress();
    }

    public boolean usesTls() {
        return tls != null ? tls : !loopback() || services.contains(Service.TUNNEL);
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
