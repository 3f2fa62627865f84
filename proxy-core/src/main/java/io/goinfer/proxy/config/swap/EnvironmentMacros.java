// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code ${env.NAME}} in the text of a file, before it is read as YAML; not in comments, but in lines of a block text that look like one. Pure. */
final class EnvironmentMacros {
    private static final Pattern TOKEN = Pattern.compile("\\$\\{env\\.([A-Za-z_][A-Za-z0-9_]*)}");

    /** A line whose value is the block text that follows. */
    private static final Pattern BLOCK = Pattern.compile("(.*[:\\-]\\s+)?([&!]\\S+\\s+)*[|>][-+0-9]*\\s*(#.*)?");

    private EnvironmentMacros() {}

    static String substitute(String text, Map<String, String> environment, SwapProblems problems) {
        StringBuilder result = new StringBuilder();
        int number = 0;
        int block = -1;
        for (String line : text.split("\n", -1)) {
            number++;
            result.append(number == 1 ? "" : "\n");
            int indent = line.length() - line.stripLeading().length();
            if (block >= 0 && !line.isBlank() && indent <= block) {
                block = -1;
            }
            int end = block >= 0 ? line.length() : commentStart(line);
            substitute(line, end, number, environment, problems, result);
            result.append(line, end, line.length());
            if (block < 0 && BLOCK.matcher(line.substring(0, end)).matches()) {
                block = indent;
            }
        }
        return result.toString();
    }

    private static void substitute(
            String line,
            int end,
            int number,
            Map<String, String> environment,
            SwapProblems problems,
            StringBuilder to) {
        Matcher matcher = TOKEN.matcher(line).region(0, end);
        int at = 0;
        while (matcher.find()) {
            String name = matcher.group(1);
            String value = environment.get(name);
            if (value == null) {
                problems.fatal(number, "", "environment variable '" + name + "' is not set");
            } else if (value.matches("(?s).*[\r\n\0].*")) {
                problems.fatal(
                        number, "", "environment variable '" + name + "' contains newlines, which are not allowed");
            } else {
                to.append(line, at, matcher.start())
                        .append(value.replace("\\", "\\\\").replace("\"", "\\\""));
                at = matcher.end();
            }
        }
        to.append(line, at, end);
    }

    /** Where the comment of a line starts, or its end: a {@code #} at its start or behind white space, outside of quotes. */
    private static int commentStart(String line) {
        char quote = 0;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            boolean fresh = i == 0 || " \t,[{:".indexOf(line.charAt(i - 1)) >= 0;
            if (quote != 0) {
                if (c == '\\' && quote == '"') {
                    i++;
                } else if (c == quote) {
                    quote = 0;
                }
            } else if ((c == '"' || c == '\'') && fresh) {
                quote = c;
            } else if (c == '#' && (i == 0 || Character.isWhitespace(line.charAt(i - 1)))) {
                return i;
            }
        }
        return line.length();
    }
}
