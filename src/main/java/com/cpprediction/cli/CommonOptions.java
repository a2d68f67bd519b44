package com.cpprediction.cli;

import com.cpprediction.config.ConfigLoader;
import com.cpprediction.config.LoadedConfig;
import com.cpprediction.logging.Logging;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.PrefixAssignment;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.server.Home;
import com.cpprediction.server.Version;
import com.cpprediction.training.OfflinePredictor;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options {@code --conf} and {@code --models}, and the configuration and release they select.
 */
final class CommonOptions {
  @Mixin private ConfigOption conf;

  @Option(names = "--models", description = "Directory of the release (default: models.dir).")
  private Path models;

  Home home() {
    return conf.home();
  }

  ConfigLoader loader() {
    return conf.loader();
  }

  LoadedConfig load() {
    return conf.load();
  }

  /** Directory of the release. */
  Path models(LoadedConfig loaded) {
    return models(home(), loaded);
  }

  /** Directory of the release, with the configuration of another home. */
  Path models(Home home, LoadedConfig loaded) {
    return models != null ? models.toAbsolutePath() : home.resolve(loaded.config().models().dir());
  }

  /**
   * Loads the models for use offline, with the settings of the service. As in the service, a model
   * that can't be loaded is logged and left out.
   *
   * @throws ModelException when no model can be loaded
   */
  ModelStore models() {
    var loaded = load();
    return models(loaded, models(loaded), PrefixAssignment.ALL);
  }

  /**
   * As {@link #models()}, without loading a model: {@link ModelStore#onDemand} loads those that are
   * needed.
   *
   * @throws ModelException when the release names no model
   */
  ModelStore modelsOnDemand() {
    var loaded = load();
    return models(loaded, models(loaded), PrefixAssignment.ON_DEMAND);
  }

  /** As {@link #models()}, of the release in {@code directory}. */
  ModelStore models(Path directory) {
    return models(load(), directory.toAbsolutePath(), PrefixAssignment.ALL);
  }

  /** Loads the models of a release, with the settings of the service. */
  static ModelStore models(LoadedConfig loaded, Path directory, PrefixAssignment share) {
    var config = loaded.config();
    Logging.apply(config.log());
    var models =
        new ModelStore(
            directory,
            Engine.of(config.models().engine()),
            config.models().heap(),
            false,
            new ServiceMetrics(new SimpleMeterRegistry(), Version.current()),
            Clock.systemUTC(),
            share);
    models.reload();
    boolean onDemand = share == PrefixAssignment.ON_DEMAND;
    var prefixes = onDemand ? models.current().prefixes() : models.prefixes();
    if (!prefixes.isEmpty()) return models;
    models.close();
    throw new ModelException("No model could be loaded from " + directory);
  }

  /** A predictor that loads models on demand, with the settings of the service. */
  OfflinePredictor predictor(ModelStore models, ServingRelease release) {
    var prediction = load().config().prediction();
    return OfflinePredictor.onDemand(
        models, release, prediction.minTextConfidence(), prediction.wrongPincodes());
  }

  /** A predictor with the settings of the service. */
  OfflinePredictor predictor(ModelStore models) {
    var prediction = load().config().prediction();
    return OfflinePredictor.of(models, prediction.minTextConfidence(), prediction.wrongPincodes());
  }
}
