// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** This machine's names and addresses. Blocking. */
public final class HostNames {
    private HostNames() {}

    public static String hostName() {
        try {
            String name = InetAddress.getLocalHost().getHostName();
            return name.isEmpty() ? "node" : name.split("\\.", 2)[0];
        } catch (UnknownHostException e) {
            return "node";
        }
    }

    /** Host name and every address that is up, for the relay's certificate. */
    public static Set<String> all() {
        Set<String> names = new LinkedHashSet<>();
        String host = hostName();
        if (host.matches("[A-Za-z0-9.-]+")) {
            names.add(host);
        }
        addresses().forEach(address -> names.add(text(address)));
        return names;
    }

    /** An address that others may reach, public before private. */
    public static Optional<String> reachable() {
        List<InetAddress> addresses = addresses();
        return addresses.stream()
                .filter(address -> !address.isSiteLocalAddress())
                .findFirst()
                .or(() -> addresses.stream().findFirst())
                .map(HostNames::text);
    }

    private static List<InetAddress> addresses() {
        List<InetAddress> all = new ArrayList<>();
        try {
            for (NetworkInterface one : NetworkInterface.networkInterfaces().toList()) {
                if (one.isUp()) {
                    one.inetAddresses()
                            .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress() && !a.isAnyLocalAddress())
                            .forEach(all::add);
                }
            }
        } catch (SocketException e) {
            return all;
        }
        return all;
    }

    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }
}
