package com.cpprediction.model;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreBatch;
import com.cpprediction.bus.ScoreReplies;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/** Catalogs and addresses of the small release. */
final class Models {
  static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  private Models() {}

  static ServiceMetrics metrics() {
    return new ServiceMetrics(new SimpleMeterRegistry(), "test");
  }

  static ModelStore load(Path directory) {
    return load(directory, Engine.MAPPED);
  }

  static ModelStore load(Path directory, Engine engine) {
    var clock = Clock.fixed(NOW, ZoneOffset.UTC);
    var models = new ModelStore(directory, engine, false, metrics(), clock);
    models.reload();
    return models;
  }

  /** The small release, to be closed by the caller. */
  static ModelStore small() {
    return load(SmallRelease.directory());
  }

  /** What answers a pincode; null when nothing does. */
  static ScoringModel scoringOf(ModelStore models, String pincode) {
    var prefix = models.current().prefixOf(pincode);
    return prefix == null ? null : models.scoring(prefix);
  }

  /** The prediction by one model, where its prefix is certain. */
  static Posterior posterior(ScoringModel scoring, Address address, PincodeErrors wrongPincodes) {
    return Posterior.of(
        address,
        Hypotheses.certain(scoring.model().prefix(), address, wrongPincodes),
        List.of(new Scorer().score(scoring, address)));
  }

  /** The reply of a worker to a message with {@code request} alone. */
  static Future<ScoreReply> ask(Vertx vertx, int worker, ScoreRequest request) {
    return vertx
        .eventBus()
        .<ScoreReplies>request(Bus.score(worker), new ScoreBatch(List.of(request)))
        .compose(message -> message.body().replies().get(0));
  }

  /** Addresses of a prefix, with their pincode, with another's and without. */
  static List<Address> addresses(String prefix) {
    var rows = SmallRelease.rows(prefix);
    var addresses = new ArrayList<Address>();
    for (int i = 0; i < rows.size(); i++) {
      var text = rows.get(i).text();
      addresses.add(new Address(text, rows.get(i).pincode()));
      addresses.add(new Address(text, rows.get((i + 7) % rows.size()).pincode()));
      addresses.add(new Address(text, null));
    }
    return addresses;
  }
}
