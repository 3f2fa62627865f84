// SPDX-License-Identifier: MIT
package io.goinfer.proxy.json;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.goinfer.proxy.json.JsonBytes.Member;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads and changes single members of a JSON object and leaves every other byte as it is. Of two equal names the first one counts. Paths are those of
 * sjson, which llama-swap's filters use: {@code a.b} goes down and makes what is missing, {@code \.} is a dot, a number is an index of an array,
 * a leading {@code :} makes it a name.
 */
public final class JsonEdit {
    private byte[] json;

    /** Members of the top level, until something moves them. */
    private @Nullable List<Member> top;

    /** @param object a checked JSON object; is not changed */
    public JsonEdit(byte[] object) {
        this.json = object;
        if (object.length == 0 || object[JsonBytes.skipSpace(object, 0)] != '{') {
            throw new IllegalArgumentException("expected a JSON object");
        }
    }

    public byte[] bytes() {
        return json;
    }

    private List<Member> top() {
        if (top == null) {
            top = JsonBytes.members(json, 0);
        }
        return top;
    }

    // ---- reading, top level

    /** The value as it stands, or null. */
    public @Nullable String raw(String name) {
        Member member = find(top(), name);
        return member == null
                ? null
                : new String(
                        json, member.valueStart(), member.valueEnd() - member.valueStart(), StandardCharsets.UTF_8);
    }

    public boolean has(String name) {
        return find(top(), name) != null;
    }

    /** Null unless it is there and a string. */
    public @Nullable String text(String name) {
        Member member = find(top(), name);
        return member == null || json[member.valueStart()] != '"'
                ? null
                : JsonBytes.string(json, member.valueStart(), member.valueEnd());
    }

    public boolean isTrue(String name) {
        return "true".equals(raw(name));
    }

    /** Absent or null. */
    public boolean isNull(String name) {
        String raw = raw(name);
        return raw == null || raw.equals("null");
    }

    /** A whole number, if it is there and one. */
    public OptionalLong number(String name) {
        String raw = raw(name);
        return raw != null && raw.matches("-?\\d{1,18}") ? OptionalLong.of(Long.parseLong(raw)) : OptionalLong.empty();
    }

    /** How many items the array has; -1 if it is no array. */
    public int items(String name) {
        Member member = find(top(), name);
        return member == null || json[member.valueStart()] != '['
                ? -1
                : JsonBytes.members(json, member.valueStart()).size();
    }

    /** Names of the top level, in order. */
    public List<String> names() {
        return top().stream().map(Member::name).toList();
    }

    // ---- changing

    /** Puts JSON at the path. False: nothing there can be set, and nothing was changed. */
    public boolean set(String path, String value) {
        List<String> steps = steps(path);
        if (steps.isEmpty()) {
            return false;
        }
        json = set(json, 0, steps, value.getBytes(StandardCharsets.UTF_8));
        top = null;
        return true;
    }

    /** Sets a name of the top level as it is, whatever characters it has. */
    public void put(String name, String value) {
        List<Member> members = top();
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (members.isEmpty() || find(members, name) != null) {
            json = set(json, 0, List.of(":" + name), bytes);
            top = null;
            return;
        }
        // Behind the last one: nothing else moves.
        int end = members.get(members.size() - 1).valueEnd();
        byte[] key = quoted(name);
        byte[] added = new byte[2 + key.length + bytes.length];
        added[0] = ',';
        System.arraycopy(key, 0, added, 1, key.length);
        added[1 + key.length] = ':';
        System.arraycopy(bytes, 0, added, 2 + key.length, bytes.length);
        json = splice(json, end, end, added);
        top = new ArrayList<>(members);
        top.add(new Member(name, end + 1, end + 2 + key.length, end + added.length));
    }

    /** Takes out what stands at the path; nothing there is no error. False: the path is a pattern, which cannot be taken out. */
    public boolean remove(String path) {
        List<String> steps = steps(path);
        if (steps.isEmpty()) {
            return false;
        }
        if (steps.size() > 1 || has(name(steps.get(0)))) {
            remove(0, steps);
            top = null;
        }
        return true;
    }

    private void remove(int from, List<String> steps) {
        List<Member> members = JsonBytes.members(json, from);
        Member member = find(members, name(steps.get(0)));
        if (member == null) {
            return;
        }
        if (steps.size() > 1) {
            remove(member.valueStart(), steps.subList(1, steps.size()));
            return;
        }
        int index = members.indexOf(member);
        // With the comma before it, or behind it if it is the first.
        int start = index > 0 ? members.get(index - 1).valueEnd() : member.start();
        int end = index > 0 || members.size() == 1
                ? member.valueEnd()
                : members.get(1).start();
        json = splice(json, start, end, new byte[0]);
    }

    private static byte[] set(byte[] json, int from, List<String> steps, byte[] value) {
        int start = JsonBytes.skipSpace(json, from);
        String step = steps.get(0);
        boolean container = json[start] == '{' || json[start] == '[';
        if (!container) {
            // What stands here is no container: it is replaced by one.
            return splice(json, start, JsonBytes.end(json, start), fresh(steps, value));
        }
        List<Member> members = JsonBytes.members(json, start);
        Member member = find(members, name(step));
        if (member != null) {
            return steps.size() > 1
                    ? set(json, member.valueStart(), steps.subList(1, steps.size()), value)
                    : splice(json, member.valueStart(), member.valueEnd(), value);
        }
        ByteArrayOutputStream added = new ByteArrayOutputStream();
        if (!members.isEmpty()) {
            added.write(',');
        }
        if (json[start] == '{') {
            added.writeBytes(quoted(name(step)));
            added.write(':');
        } else {
            // An index behind the end: the gap is filled.
            int gap = step.matches("\\d{1,4}") ? Integer.parseInt(step) - members.size() : 0;
            added.writeBytes("null,".repeat(Math.max(0, gap)).getBytes(StandardCharsets.US_ASCII));
        }
        added.writeBytes(steps.size() > 1 ? fresh(steps.subList(1, steps.size()), value) : value);
        int end = members.isEmpty()
                ? JsonBytes.skipSpace(json, start + 1)
                : members.get(members.size() - 1).valueEnd();
        return splice(json, end, end, added.toByteArray());
    }

    /** A new value for the rest of a path. */
    private static byte[] fresh(List<String> steps, byte[] value) {
        String step = steps.get(0);
        byte[] inner = steps.size() > 1 ? fresh(steps.subList(1, steps.size()), value) : value;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (step.matches("\\d{1,4}")) {
            out.write('[');
            out.writeBytes("null,".repeat(Integer.parseInt(step)).getBytes(StandardCharsets.US_ASCII));
            out.writeBytes(inner);
            out.write(']');
        } else {
            out.write('{');
            out.writeBytes(quoted(name(step)));
            out.write(':');
            out.writeBytes(inner);
            out.write('}');
        }
        return out.toByteArray();
    }

    private static @Nullable Member find(List<Member> members, String name) {
        for (Member member : members) {
            if (member.name().equals(name)) {
                return member;
            }
        }
        return null;
    }

    private static String name(String step) {
        return step.startsWith(":") ? step.substring(1) : step;
    }

    /** Steps of a path; empty if it is a pattern ({@code | # @ * ?}), or has nothing between two dots. */
    private static List<String> steps(String path) {
        List<String> steps = new ArrayList<>();
        StringBuilder step = new StringBuilder();
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '\\' && i + 1 < path.length()) {
                step.append(path.charAt(++i));
            } else if (c == '.') {
                steps.add(step.toString());
                step.setLength(0);
            } else if ("|#@*?".indexOf(c) >= 0) {
                return List.of();
            } else {
                step.append(c);
            }
        }
        steps.add(step.toString());
        return steps.stream().anyMatch(String::isEmpty) ? List.of() : steps;
    }

    /** Text as a JSON string. */
    public static String quote(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }

    private static byte[] quoted(String name) {
        return quote(name).getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] splice(byte[] in, int start, int end, byte[] with) {
        byte[] out = new byte[in.length - (end - start) + with.length];
        System.arraycopy(in, 0, out, 0, start);
        System.arraycopy(with, 0, out, start, with.length);
        System.arraycopy(in, end, out, start + with.length, in.length - end);
        return out;
    }
}
