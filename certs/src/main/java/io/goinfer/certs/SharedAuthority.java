// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What relays behind one name have in common: the CA, the nodes that are enrolled or revoked, and the API keys, as one file to carry from one to another.
 * It holds the CA's private key. A relay that has shared its CA takes nodes that another relay of it enrolled. Blocking.
 */
public final class SharedAuthority {
    private static final String FORMAT = "goinfer-relay-1";
    private static final String CA = "ca.pem";
    private static final String MARK = "shared-ca";
    private static final List<String> FILES = List.of(CA, "ca.crt", "nodes.json", "keys.json");

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
        StateFile.write(folder.resolve(MARK), "");
        return Json.writeObject(all);
    }

    /**
     * Over a relay's folder that is new, or has the same CA: then the nodes and keys become the exported ones. The caller holds the folder's lock.
     *
     * @throws IOException with a text for a person; then nothing was changed
     */
    public static void importInto(Path folder, String exported) throws IOException {
        Map<String, String> all;
        try {
            all = Json.readObject(exported);
        } catch (IOException e) {
            throw new IOException("this is no export of goinfer certs export", e);
        }
        if (!FORMAT.equals(all.get("format")) || !all.containsKey(CA)) {
            throw new IOException("this is no export of goinfer certs export");
        }
        StateFile.folder(folder);
        Optional<String> present = StateFile.read(folder.resolve(CA));
        if (present.isPresent() && !present.get().equals(all.get(CA))) {
            throw new IOException(
                    folder
                            + " has another certificate authority, and nodes may be enrolled there; import into a new state folder");
        }
        for (String name : FILES) {
            String text = all.get(name);
            // The CA last: a folder without it is one that was never used.
            if (text != null && !name.equals(CA)) {
                StateFile.write(folder.resolve(name), text);
            }
        }
        StateFile.write(folder.resolve(MARK), "");
        StateFile.write(folder.resolve(CA), String.valueOf(all.get(CA)));
    }

    static boolean isShared(Path folder) {
        return Files.exists(folder.resolve(MARK));
    }
}
