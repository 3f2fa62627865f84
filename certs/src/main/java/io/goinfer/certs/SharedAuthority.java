// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What relays behind one name have in common: the CA, the nodes that are enrolled or revoked, and the API keys, as one file to carry from one to another,
 * at first and whenever something changed. It holds the CA's private key. A relay that has shared its CA takes nodes that another relay of it enrolled. Blocking.
 */
public final class SharedAuthority {
    private static final String FORMAT = "goinfer-relay-1";
    private static final String CA = "ca.pem";
    private static final String MARK = "shared-ca";

    /** The CA's certificate, in {@link #members}. */
    public static final String CERTIFICATE = "ca.crt";

    /** Rows of nodes, in {@link #members}. */
    public static final String NODES = "nodes.json";

    /** Rows of API keys, in {@link #members}. */
    public static final String KEYS = "keys.json";

    private static final List<String> FILES = List.of(CA, CERTIFICATE, NODES, KEYS);

    private SharedAuthority() {}

    /** @throws IOException if there is no CA in the folder yet */
    public static String export(Path folder) throws IOException {
        if (!Files.exists(folder.resolve(CA))) {
            throw new IOException(folder + " has no certificate authority yet; start the relay once");
        }
        Map<String, String> all = new LinkedHashMap<>();
        all.put("format", FORMAT);
        for (String name : FILES) {
            StateFile.read(folder.resolve(name)).ifPresent(text -> all.put(name, text));
        }
        share(folder);
        return Json.writeObject(all);
    }

    /** There is no CA in the folder yet: {@link #importInto} makes it one of the relays that share theirs. */
    public static boolean isNew(Path folder) {
        return !Files.exists(folder.resolve(CA));
    }

    /** What {@link Enrollment#isAuthority}, {@link Enrollment#merge} and the keys need of an export: all but the CA's private key. */
    public static Map<String, String> members(String exported) throws IOException {
        Map<String, String> all = read(exported);
        all.keySet().retainAll(Set.of(CERTIFICATE, NODES, KEYS));
        return all;
    }

    private static Map<String, String> read(String exported) throws IOException {
        Map<String, String> all;
        try {
            all = Json.readObject(exported);
        } catch (IOException e) {
            throw new IOException("this is no export of goinfer certs export", e);
        }
        if (!FORMAT.equals(all.get("format")) || !all.containsKey(CA)) {
            throw new IOException("this is no export of goinfer certs export");
        }
        return all;
    }

    /**
     * Into a relay's folder that is new. The caller holds the folder's lock.
     *
     * @throws IOException with a text for a person; then nothing was changed
     */
    public static void importInto(Path folder, String exported) throws IOException {
        Map<String, String> all = read(exported);
        StateFile.folder(folder);
        if (!isNew(folder)) {
            throw new IOException(folder + " has a certificate authority already");
        }
        for (String name : FILES) {
            String text = all.get(name);
            // The CA last: a folder without it is one that was never used.
            if (text != null && !name.equals(CA)) {
                StateFile.write(folder.resolve(name), text);
            }
        }
        share(folder);
        StateFile.write(folder.resolve(CA), String.valueOf(all.get(CA)));
    }

    static void share(Path folder) throws IOException {
        StateFile.write(folder.resolve(MARK), "");
    }

    static boolean isShared(Path folder) {
        return Files.exists(folder.resolve(MARK));
    }
}
