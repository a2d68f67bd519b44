package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.ServiceException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Addresses as people write them, predicted by the release in {@code models/} with the default
 * configuration: telephones and other numbers, spellings, places abroad, wrong pincodes.
 */
class CasesTest {
  private static final Path MODELS = Path.of("models");
  private static final double LEAST = ServiceConfig.defaults().prediction().minTextConfidence();

  private static ModelStore models;

  private final ShipmentReader reader = TestReaders.shipments(WrongPincodes::prior);

  /** A request, and one or several permitted results. */
  record Case(JsonObject json) {
    JsonObject request() {
      return json.getJsonObject("request");
    }

    Stream<JsonObject> permitted() {
      var expect = json.getJsonObject("expect");
      var any = expect.getJsonArray("any");
      return any == null ? Stream.of(expect) : any.stream().map(JsonObject.class::cast);
    }

    @Override
    public String toString() {
      return json.getString("id") + " " + json.getString("kind");
    }
  }

  static Stream<Case> cases() throws IOException {
    return Stream.concat(read("cases.json"), read("own-cases.json"));
  }

  private static Stream<Case> read(String name) throws IOException {
    try (var in = CasesTest.class.getResourceAsStream(name)) {
      var all = new JsonArray(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      return all.stream().map(one -> new Case((JsonObject) one)).toList().stream();
    }
  }

  @BeforeAll
  static void load() {
    var metrics = new ServiceMetrics(new SimpleMeterRegistry(), "1");
    models = new ModelStore(MODELS, Engine.MAPPED, false, metrics, Clock.systemUTC());
    models.reload();
  }

  @AfterAll
  static void close() {
    models.close();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void predictsAsExpected(Case written) {
    try {
      var predicted = predict(written.request());
      assertThat(written.permitted())
          .as("%s -> %s", written.request(), predicted)
          .anyMatch(predicted::fits);
    } catch (ServiceException e) {
      var code = e.failure().slug();
      assertThat(written.permitted())
          .as("%s -> %s", written.request(), e.getMessage())
          .anyMatch(expected -> code.equals(expected.getString("code")));
    }
  }

  /** What was predicted, from which scores of the prefixes that it was among. */
  private record Predicted(
      PredictionRequest request, List<PrefixScores> scores, Posterior posterior) {
    boolean fits(JsonObject expected) {
      var belief = posterior.belief();
      if (expected.containsKey("prefix")) {
        return expected.getJsonArray("prefix").contains(belief.prefix());
      }
      var pincode = expected.getString("pincode");
      return pincode != null && pincode.equals(belief.believed()) && delivers(pincode);
    }

    /** Whether the predicted CP delivers a pincode of the request, by the release. */
    private boolean delivers(String pincode) {
      var cp = posterior.scored().candidates().get(0).cp();
      int j = 0;
      while (!request.address().candidates().get(j).digits().equals(pincode)) j++;
      for (var within : scores) {
        for (int i = 0; i < within.size(); i++) {
          if (within.cp(i).equals(cp) && within.right(i, j) > 0) return true;
        }
      }
      return false;
    }

    @Override
    public String toString() {
      return posterior.scored() + " " + posterior.belief();
    }
  }

  private Predicted predict(JsonObject shipment) {
    try (var lease = models.lease()) {
      var request = reader.request(shipment, lease, WrongPincodes.prior());
      var scorer = new Scorer();
      var scores =
          request.hypotheses().prefixes().stream()
              .map(prefix -> scorer.score(models.usable(prefix), request.address()))
              .toList();
      var posterior = Posterior.of(request.address(), request.hypotheses(), scores).sure(LEAST);
      return new Predicted(request, scores, posterior);
    }
  }
}
