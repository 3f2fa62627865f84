// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** {@code &} binds tighter than {@code |}; parentheses group; {@code +} names another set. */
final class SetExpressionParser {
    private final List<String> tokens = new ArrayList<>();
    private final Function<String, String> id;
    private int at;

    SetExpressionParser(String text, Function<String, String> id) {
        this.id = id;
        StringBuilder word = new StringBuilder();
        for (int i = 0; i <= text.length(); i++) {
            char c = i < text.length() ? text.charAt(i) : ' ';
            if (Character.isLetterOrDigit(c) || c == '_' || c == '-' || c == '.') {
                word.append(c);
                continue;
            }
            if (word.length() > 0) {
                tokens.add(word.toString());
                word.setLength(0);
            }
            if ("&|()+".indexOf(c) >= 0) {
                tokens.add(String.valueOf(c));
            } else if (!Character.isWhitespace(c)) {
                throw new IllegalArgumentException("unexpected character '" + c + "' at position " + i
                        + " (names of other characters need an entry in vars)");
            }
        }
    }

    SetExpression parse() {
        if (tokens.isEmpty()) {
            throw new IllegalArgumentException("empty DSL expression");
        }
        SetExpression expression = oneOf();
        if (at < tokens.size()) {
            throw unexpected();
        }
        return expression;
    }

    private SetExpression oneOf() {
        List<SetExpression> parts = new ArrayList<>(List.of(allOf()));
        while (next("|")) {
            parts.add(allOf());
        }
        return parts.size() == 1 ? parts.get(0) : new SetExpression.OneOf(parts);
    }

    private SetExpression allOf() {
        List<SetExpression> parts = new ArrayList<>(List.of(one()));
        while (next("&")) {
            parts.add(one());
        }
        return parts.size() == 1 ? parts.get(0) : new SetExpression.AllOf(parts);
    }

    private SetExpression one() {
        if (next("(")) {
            SetExpression inner = oneOf();
            if (!next(")")) {
                throw at < tokens.size() ? unexpected() : new IllegalArgumentException("missing closing parenthesis");
            }
            return inner;
        }
        if (next("+")) {
            return new SetExpression.Reference(word());
        }
        return new SetExpression.Model(id.apply(word()));
    }

    private String word() {
        if (at >= tokens.size()) {
            throw new IllegalArgumentException("unexpected end of expression");
        }
        if ("&|()+".contains(tokens.get(at))) {
            throw unexpected();
        }
        return tokens.get(at++);
    }

    private boolean next(String token) {
        if (at < tokens.size() && tokens.get(at).equals(token)) {
            at++;
            return true;
        }
        return false;
    }

    private IllegalArgumentException unexpected() {
        return new IllegalArgumentException("unexpected token '" + tokens.get(at) + "'");
    }
}
