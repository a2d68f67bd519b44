package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.Configs;
import com.cpprediction.config.ServiceConfig;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class StateTest {
  @Test
  void thereAreSixteenStates() {
    assertThat(State.every())
        .extracting(State::id)
        .containsExactly(
            "unoptimised",
            "only-preloading",
            "only-caching",
            "only-pooling",
            "only-batching",
            "only-mapping",
            "only-async-io",
            "only-monitoring",
            "all-but-preloading",
            "all-but-caching",
            "all-but-pooling",
            "all-but-batching",
            "all-but-mapping",
            "all-but-async-io",
            "all-but-monitoring",
            "all");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        //                     preload      cache  pool   batch mapping  ack     metrics
        "unoptimised         | per_request, false, false,   1, heap,   commit,  false",
        "only-preloading     | startup,     false, false,   1, heap,   commit,  false",
        "only-caching        | per_request, true,  false,   1, heap,   commit,  false",
        "only-pooling        | per_request, false, true,    1, heap,   commit,  false",
        "only-batching       | per_request, false, false, 500, heap,   commit,  false",
        "only-mapping        | per_request, false, false,   1, mapped, commit,  false",
        "only-async-io       | per_request, false, false,   1, heap,   journal, false",
        "only-monitoring     | per_request, false, false,   1, heap,   commit,  true",
        "all-but-preloading  | per_request, true,  true,  500, mapped, journal, true",
        "all-but-caching     | startup,     false, true,  500, mapped, journal, true",
        "all-but-pooling     | startup,     true,  false, 500, mapped, journal, true",
        "all-but-batching    | startup,     true,  true,    1, mapped, journal, true",
        "all-but-mapping     | startup,     true,  true,  500, heap,   journal, true",
        "all-but-async-io    | startup,     true,  true,  500, mapped, commit,  true",
        "all-but-monitoring  | startup,     true,  true,  500, mapped, journal, false",
        "all                 | startup,     true,  true,  500, mapped, journal, true"
      })
  void eachStateSetsEverySwitch(String id, String values) {
    var expected = values.split(", *");

    var config = State.of(id).orElseThrow().config();

    assertThat(config)
        .isEqualTo(
            new JsonObject()
                .put(
                    "models",
                    new JsonObject().put("preload", expected[0]).put("mapping", expected[4]))
                .put("cache", new JsonObject().put("enabled", Boolean.valueOf(expected[1])))
                .put(
                    "database",
                    new JsonObject()
                        .put("pool", new JsonObject().put("enabled", Boolean.valueOf(expected[2]))))
                .put(
                    "persistence",
                    new JsonObject()
                        .put("batch_size", Integer.valueOf(expected[3]))
                        .put("ack", expected[5]))
                .put("metrics", new JsonObject().put("enabled", Boolean.valueOf(expected[6]))));
  }

  static List<State> every() {
    return State.every();
  }

  @ParameterizedTest
  @MethodSource("every")
  void theServiceKnowsEverySwitch(State state) {
    var config = Configs.of(state.config());

    assertThat(config.metrics().enabled()).isEqualTo(state.on().contains(Optimisation.MONITORING));
  }

  @Test
  void allIsTheDefaultConfiguration() {
    assertThat(Configs.of(State.ALL.config())).isEqualTo(ServiceConfig.defaults());
  }

  @Test
  void theNameOfAnOptimisationSelectsItsStatesAndTheirBaselines() {
    assertThat(State.named(List.of("async-io")))
        .extracting(State::id)
        .containsExactly("unoptimised", "only-async-io", "all-but-async-io", "all");
    assertThat(State.named(List.of("all", "unoptimised")))
        .extracting(State::id)
        .containsExactly("unoptimised", "all");
  }

  @Test
  void namesAnUnknownWord() {
    assertThatThrownBy(() -> State.named(List.of("all", "chaching")))
        .hasMessageStartingWith("\"chaching\" is neither an optimisation (preloading, caching,");
  }

  @Test
  void everyRoundHasEveryStateInItsOwnOrder() {
    var plan = Recordings.plan(Recordings.ABLATION);

    assertThat(plan.order(1)).containsExactlyInAnyOrderElementsOf(Recordings.ABLATION.variants());
    assertThat(plan.order(1)).isEqualTo(plan.order(1)).isNotEqualTo(plan.order(2));
    assertThat(new JsonArray(State.every().stream().map(State::id).toList()))
        .isEqualTo(plan.toJson().getJsonArray("states"));
  }
}
