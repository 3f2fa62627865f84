// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** A YAML value as JSON, types kept. Pure. */
final class YamlJson {
    private static final JsonFactory JSON = new JsonFactory();

    private YamlJson() {}

    static String text(Node node) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            write(node, out);
        } catch (IOException e) {
            throw new IllegalStateException("a StringWriter does not fail", e);
        }
        return text.toString();
    }

    private static void write(Node node, JsonGenerator out) throws IOException {
        if (node instanceof MappingNode mapping) {
            out.writeStartObject();
            for (NodeTuple tuple : mapping.getValue()) {
                out.writeFieldName(tuple.getKeyNode() instanceof ScalarNode key ? key.getValue() : "");
                write(tuple.getValueNode(), out);
            }
            out.writeEndObject();
        } else if (node instanceof SequenceNode sequence) {
            out.writeStartArray();
            for (Node item : sequence.getValue()) {
                write(item, out);
            }
            out.writeEndArray();
        } else if (node instanceof ScalarNode scalar) {
            scalar(scalar, out);
        }
    }

    private static void scalar(ScalarNode scalar, JsonGenerator out) throws IOException {
        String value = scalar.getValue();
        boolean number = value.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");
        if (scalar.getTag().equals(Tag.NULL)) {
            out.writeNull();
        } else if (scalar.getTag().equals(Tag.BOOL)) {
            out.writeBoolean(java.util.List.of("true", "yes", "on").contains(value.toLowerCase(java.util.Locale.ROOT)));
        } else if (number && (scalar.getTag().equals(Tag.INT) || scalar.getTag().equals(Tag.FLOAT))) {
            out.writeRawValue(value);
        } else {
            out.writeString(value);
        }
    }
}
