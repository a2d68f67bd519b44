package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The environment overrides the file, the file overrides the defaults, for every key. */
class ConfigOriginTest {
  @TempDir Path dir;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42, 1234})
  void everyKeyHasTheValueAndOriginOfTheLastSourceThatSetsIt(long seed) throws IOException {
    var random = new Random(seed);
    for (int round = 0; round < 100; round++) {
      everyKeyHasTheValueAndOriginOfTheLastSourceThatSetsIt(random);
    }
  }

  private void everyKeyHasTheValueAndOriginOfTheLastSourceThatSetsIt(Random random)
      throws IOException {
    var file = new JsonObject();
    var environment = new HashMap<String, String>();
    var values = new LinkedHashMap<String, Object>();
    var origins = new LinkedHashMap<String, Origin>();
    double inFile = random.nextDouble();
    double inEnvironment = random.nextDouble();
    for (var key : ConfigSchema.keys()) {
      values.put(key.path(), key.normal(key.defaultValue()));
      origins.put(key.path(), Origin.DEFAULT);
      if (random.nextDouble() < inFile) {
        var value = Samples.random(key, random);
        key.put(file, value);
        values.put(key.path(), key.normal(value));
        origins.put(key.path(), Origin.FILE);
      }
      if (random.nextDouble() < inEnvironment) {
        var value = Samples.random(key, random);
        var text = Samples.text(value);
        boolean asFile = key.secret() && random.nextBoolean();
        if (asFile) {
          var secret = Files.writeString(dir.resolve(key.fileVariable()), text);
          environment.put(key.fileVariable(), secret.toString());
        } else {
          environment.put(key.variable(), text);
        }
        values.put(key.path(), key.normal(value));
        origins.put(key.path(), asFile ? Origin.SECRET_FILE : Origin.ENVIRONMENT);
      } else if (random.nextBoolean()) {
        environment.put(key.variable(), ""); // sets nothing
      }
    }

    var written = Files.writeString(dir.resolve("config.json"), file.encode());
    var loaded = new ConfigLoader(written, true, environment).load();

    assertThat(loaded.config()).isEqualTo(ServiceConfig.of(values));
    assertThat(Samples.origins(loaded)).isEqualTo(origins);
  }
}
