// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelFinderTest {
    @TempDir
    Path root;

    private Path file(String name) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[2_000]);
        return file;
    }

    private List<FoundModel> find() {
        return ModelFinder.find(List.of(root));
    }

    @ParameterizedTest
    @CsvSource({
        "Phi-4-mini-Q4_K_M.gguf, Phi-4-mini-Q4_K_M",
        "bartowski_Phi-4-Q6_K.gguf, bartowski/Phi-4-Q6_K",
        "ggml-org_gemma-3-4b-it-Q8_0.gguf, ggml-org/gemma-3-4b-it-Q8_0",
        "unsloth/Qwen3-8B-Q5_K_M.gguf, unsloth/Qwen3-8B-Q5_K_M",
        "Vision/Pixtral-12B.gguf, Pixtral-12B",
        "30b/foo.gguf, foo",
        "moe/gpt-oss-120b-mxfp4-00001-of-00001.gguf, moe/gpt-oss-120b-mxfp4",
        "tiny_llama.gguf, tiny/llama",
        "lab_x.gguf, lab_x",
        "acme-ai_x-7b.gguf, acme-ai/x-7b",
        "acme-corp_x-7b.gguf, acme-corp_x-7b",
        "coder&c=8192&ngl=99.gguf, coder"
    })
    void namesFollowTheRule(String file, String name) throws IOException {
        file(file);

        assertThat(find()).extracting(FoundModel::name).containsExactly(name);
    }

    @Test
    void flagsComeFromTheNameOrFromTheFileBesideIt() throws IOException {
        file("coder&c=8192&ngl=99&fa.gguf");
        Path other = file("acme/other.gguf");
        Files.writeString(root.resolve("acme/other.args"), "# why\n-c 4096 \\\n\n--grammar-file $DIR/g.txt\n");

        assertThat(find())
                .filteredOn(model -> model.name().equals("coder"))
                .singleElement()
                .satisfies(model -> assertThat(model.flags()).containsExactly("-c", "8192", "-ngl", "99", "-fa"));
        assertThat(find())
                .filteredOn(model -> model.name().equals("acme/other"))
                .singleElement()
                .satisfies(model -> assertThat(model.flags())
                        .containsExactly(
                                "-c",
                                "4096",
                                "--grammar-file",
                                other.toRealPath().getParent() + "/g.txt"));
    }

    @Test
    void partsAreOneModelAndAMissingPartIsItsError() throws IOException {
        file("m-00001-of-00002.gguf");
        file("m-00002-of-00002.gguf");
        file("n-00001-of-00002.gguf");

        assertThat(find()).extracting(FoundModel::name).containsExactly("m", "n");
        assertThat(find().get(0).bytes()).isEqualTo(4_000);
        assertThat(find().get(0).error()).isEmpty();
        assertThat(find().get(1).error()).contains("n-00002-of-00002.gguf is missing");
    }

    @Test
    void aProjectorIsNoModelButGoesWithThoseOfItsFolder() throws IOException {
        file("vision/model.gguf");
        Path projector = file("vision/mmproj-F16.gguf");

        assertThat(find())
                .singleElement()
                .satisfies(model -> assertThat(model.projector()).isEqualTo(projector.toRealPath()));
    }

    @Test
    void twoFilesWithOneNameKeepTheFirst() throws IOException {
        file("a/foo/x.gguf");
        file("b/foo/x.gguf");

        assertThat(find()).extracting(FoundModel::name).containsExactly("foo/x", "foo/x");
        assertThat(find().get(0).error()).isEmpty();
        assertThat(find().get(1).error()).contains("same model name");
    }

    @Test
    void smallFilesOtherFilesAndMissingFoldersAreNoModels() throws IOException {
        Files.write(root.resolve("tiny.gguf"), new byte[10]);
        file("readme.txt");
        file("Upper.GGUF");

        assertThat(ModelFinder.find(List.of(root.resolve("missing"), root))).isEmpty();
    }
}
