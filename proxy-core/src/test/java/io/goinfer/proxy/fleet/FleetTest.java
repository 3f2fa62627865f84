// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.model.ModelInfo;
import io.goinfer.proxy.model.ModelsJson;
import io.goinfer.proxy.route.Route;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class FleetTest {
    private Instant now = Instant.EPOCH;
    private final Fleet fleet = new Fleet(() -> now);
    private final Router router = new Router(fleet::catalog);

    private static final class Way implements Upstream {
        boolean accepts = true;
        boolean full;

        @Override
        public boolean accepts() {
            return accepts;
        }

        @Override
        public boolean full() {
            return full;
        }

        @Override
        public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
            throw new IllegalStateException("not in this test");
        }
    }

    private static ModelInfo model(String id) {
        return new ModelInfo(id, id, 0, "");
    }

    private Way add(String name, String... models) {
        Way way = new Way();
        fleet.add(name, name, way);
        fleet.update(name, java.util.Arrays.stream(models).map(FleetTest::model).toList(), true);
        return way;
    }

    @Test
    void aLostOwnersModelsLeaveTheListAfterAMinuteAndMemoryAfterADay() {
        add("a", "m");
        fleet.update("a", List.of(), false);

        assertThat(router.route("m", null)).isEqualTo(new Route.Offline("m"));
        assertThat(fleet.catalog().find("m").listed()).isTrue();
        now = now.plusSeconds(61);
        fleet.tick();
        assertThat(fleet.catalog().find("m").listed()).isFalse();
        assertThat(router.route("m", null)).isEqualTo(new Route.Offline("m"));
        now = now.plus(Duration.ofHours(24));
        fleet.tick();
        assertThat(router.route("m", null)).isEqualTo(new Route.Unknown("m"));
    }

    /** A node whose backend does not answer cannot list what that has: a client is told 503 and comes again, not 404. */
    @Test
    void whatAPartialListingLacksStaysKnownAsIfItsOwnerWereLost() {
        add("a", "m", "n");
        fleet.update("a", new ModelsJson.Listing(List.of(model("n")), true), true);

        assertThat(router.route("m", null)).isEqualTo(new Route.Offline("m"));
        assertThat(router.route("n", null)).isInstanceOf(Route.To.class);
        assertThat(fleet.catalog().find("m").listed()).isTrue();
        now = now.plusSeconds(61);
        fleet.tick();
        assertThat(fleet.catalog().find("m").listed()).isFalse();
        fleet.update("a", new ModelsJson.Listing(List.of(model("n")), true), true);
        assertThat(fleet.catalog().find("m").listed()).isFalse();

        fleet.update("a", new ModelsJson.Listing(List.of(model("m")), true), true);
        assertThat(router.route("m", null)).isInstanceOf(Route.To.class);
        assertThat(router.route("n", null)).isEqualTo(new Route.Offline("n"));

        now = now.plus(Duration.ofHours(25));
        fleet.tick();
        assertThat(router.route("n", null)).isEqualTo(new Route.Unknown("n"));
    }

    @Test
    void aWholeListingForgetsWhatItLacks() {
        add("a", "m", "n");
        fleet.update("a", new ModelsJson.Listing(List.of(), true), true);

        fleet.update("a", List.of(model("n")), true);

        assertThat(router.route("m", null)).isEqualTo(new Route.Unknown("m"));
    }

    @Test
    void aListingIsPartialWhileAnOwnerIsGoneOrHasNotTold() throws Exception {
        fleet.add("a", "a", new Way());
        assertThat(fleet.present().partial()).isTrue();
        assertThat(ModelsJson.read(ModelsJson.models(fleet.present()))).isEqualTo(fleet.present());

        add("a", "m");
        assertThat(fleet.present().partial()).isFalse();
        assertThat(ModelsJson.read(ModelsJson.models(fleet.present())).partial())
                .isFalse();

        fleet.update("a", List.of(), false);
        assertThat(fleet.present()).isEqualTo(new ModelsJson.Listing(List.of(), true));
    }

    @Test
    void anOwnersNamesAreItsOwnAndIdsMayHoldSlashes() {
        add("a", "m", "b/m", "b/other", "hub/m", "group/b/m");
        add("b", "m");
        add("group/b", "n");

        assertThat(owner("b/m", null)).as("what a calls b/m").isEqualTo("b");
        assertThat(owner("b/other", null)).as("b has none of that name").isEqualTo("a");
        assertThat(owner("hub/m", null)).isEqualTo("a");
        assertThat(owner("a/hub/m", null)).isEqualTo("a");
        assertThat(owner("group/b/n", null)).isEqualTo("group/b");
        assertThat(owner("group/b/m", null)).as("group/b has no m").isEqualTo("a");
        assertThat(owner("b/m", "a")).as("a was asked for").isEqualTo("a");
        assertThat(owner("m", "b")).isEqualTo("b");
        assertThat(router.route("c/m", null)).isEqualTo(new Route.Unknown("c/m"));
        assertThat(router.route("m", "c")).isEqualTo(new Route.Unknown("m"));
        assertThat(router.route("b/hub/m", null)).isEqualTo(new Route.Unknown("b/hub/m"));
    }

    /** What is meant for an owner is not sent to another one while it is away. */
    @Test
    void anOwnersNamesStayItsOwnWhileItIsAway() {
        add("a", "m", "b/m");
        add("b", "m");
        fleet.update("b", List.of(), false);

        assertThat(router.route("b/m", null)).isEqualTo(new Route.Offline("b/m"));
        assertThat(router.route("m", "b")).isEqualTo(new Route.Offline("m"));
        assertThat(owner("m", null)).isEqualTo("a");

        now = now.plus(Duration.ofHours(25));
        fleet.tick();
        assertThat(owner("b/m", null)).as("b is forgotten").isEqualTo("a");
    }

    private String owner(String name, String wanted) {
        return ((Route.To) router.route(name, wanted)).place().owner();
    }

    @Test
    void theOwnerWithFewestRunningExchangesIsTakenAndFullOnesAreBusy() {
        Way a = add("a", "m");
        Way b = add("b", "m");
        ((Route.To) router.route("m", null)).place().running().incrementAndGet();

        assertThat(((Route.To) router.route("m", null)).place().owner()).isEqualTo("b");
        a.accepts = false;
        b.accepts = false;
        assertThat(router.route("m", null)).isEqualTo(new Route.Offline("m"));
        b.full = true;
        assertThat(router.route("m", null)).isEqualTo(new Route.Busy("m"));
    }

    @Test
    void anIdThatIsAPathIsRenamedAndRemembered() throws Exception {
        String json =
                "{\"data\":[{\"id\":\"/models/ggml-org_gemma-3-00001-of-00002.gguf\",\"created\":7,\"meta\":{\"n_ctx\":1}}]}";

        ModelInfo info =
                ModelsJson.read(json.getBytes(StandardCharsets.UTF_8)).models().get(0);

        assertThat(info.id()).isEqualTo("ggml-org/gemma-3");
        assertThat(info.ownId()).isEqualTo("/models/ggml-org_gemma-3-00001-of-00002.gguf");
        assertThat(ModelsJson.row(info, "gpu"))
                .contains("\"meta\":{\"n_ctx\":1}")
                .contains("\"owned_by\":\"gpu\"");
    }
}
