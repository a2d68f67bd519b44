package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelStoreTest {
  @TempDir Path dir;

  @Test
  void loadsEveryModelOfARelease() {
    try (var models = Models.small()) {
      assertThat(models.prefixes()).containsExactly("180", "575", "831");
      assertThat(models.failures()).isEmpty();
      assertThat(models.current().fingerprints())
          .containsOnlyKeys("180", "575", "831")
          .allSatisfy(
              (prefix, fingerprint) ->
                  assertThat(models.scoring(prefix).fingerprint()).isEqualTo(fingerprint));
      assertThat(models.scoring("110")).isNull();
    }
  }

  @Test
  void prefixesThatNameTheSameRankerShareIt() {
    try (var models = Models.load(SmallRelease.directory(), Engine.XGBOOST)) {
      assertThat(models.scoring("180").model().ranker())
          .isSameAs(models.scoring("831").model().ranker());
    }
  }

  @Test
  void aModelThatCannotBeLoadedIsLeftOutAndTheOthersServe() throws IOException {
    SmallRelease.copyTo(dir);
    Files.writeString(dir.resolve("575/model.mmap"), "damaged");

    try (var models = Models.load(dir)) {
      assertThat(models.prefixes()).containsExactly("180", "831");
      assertThat(models.current().fingerprints()).containsOnlyKeys("180", "831");
      assertThat(models.failures()).containsOnlyKeys("575");
      assertThat(models.failures().get("575"))
          .startsWith("575/model.mmap has 7 bytes, the manifest says ");
      assertThat(Models.scoringOf(models, "575001")).isNull();
      assertThat(new Scorer().score(models.scoring("180"), Models.addresses("180"))).isNotEmpty();
      assertThat(models.status().toJson().getJsonArray("failed"))
          .isEqualTo(
              new JsonArray()
                  .add(
                      new JsonObject()
                          .put("prefix", "575")
                          .put("last_error", models.failures().get("575"))));
    }
  }

  @Test
  void anIndexOfOtherCpsThanTheManifestsIsLeftOut() throws IOException {
    SmallRelease.copyTo(dir);
    var manifest = Releases.manifest(dir, "180");
    manifest.getJsonArray("cps").add("CP99999");
    Releases.replaceManifest(dir, "180", manifest.toBuffer().getBytes());

    try (var models = Models.load(dir)) {
      assertThat(models.failures())
          .containsExactly(Map.entry("180", "manifest and index differ in their CPs"));
    }
  }

  @Test
  void withoutAReleaseThereIsNoModelButAReason() {
    try (var models = Models.load(dir.resolve("missing"))) {
      assertThat(models.prefixes()).isEmpty();
      assertThat(models.current().fingerprints()).isEmpty();
      assertThat(Models.scoringOf(models, "560001")).isNull();
      assertThat(models.failures()).containsOnlyKeys("release");
      assertThat(models.failures().get("release")).startsWith("there is no ");
      assertThat(models.status().toJson().getInteger("loaded")).isZero();
    }
  }

  @Test
  void theSameReleaseHasTheSameFingerprintsEverywhere() throws IOException {
    SmallRelease.copyTo(dir);
    try (var models = Models.small();
        var elsewhere = Models.load(dir)) {
      assertThat(elsewhere.current().fingerprints()).isEqualTo(models.current().fingerprints());
    }
  }

  @ParameterizedTest(name = "{0} is answered by {1}")
  @CsvSource({"180001, 1800", "180099, 1800", "180101, 180", "575001, 575", "560001,", "800001,"})
  void theLongestPrefixWins(String pincode, String prefix) throws IOException {
    SmallRelease.copyTo(dir);
    Releases.addCopy(dir, "180", "1800");

    try (var models = Models.load(dir)) {
      assertThat(models.failures()).isEmpty();
      assertThat(models.current().prefixOf(pincode)).isEqualTo(prefix);
      assertThat(Models.scoringOf(models, pincode))
          .isEqualTo(prefix == null ? null : models.scoring(prefix));
    }
  }

  @Test
  void statusDescribesEveryModel() throws IOException {
    try (var models = Models.small()) {
      models.status().scored("180", 3);
      models.status().scored("180", 4);

      var status = models.status().toJson();

      assertThat(status.getInteger("loaded")).isEqualTo(3);
      assertThat(status.getJsonArray("failed")).isEmpty();
      var first = status.getJsonArray("models").getJsonObject(0);
      var manifest = models.scoring("180").model().manifest();
      var fingerprint = models.scoring("180").fingerprint();
      assertThat(first.remove("load_ms")).isInstanceOf(Double.class);
      assertThat(first)
          .isEqualTo(
              new JsonObject()
                  .put("prefix", "180")
                  .put("version", manifest.version())
                  .put("model", Prediction.model("180", fingerprint))
                  .put("fingerprint", fingerprint)
                  .put("digest", Release.open(SmallRelease.directory()).manifests().get("180"))
                  .put("engine", "mapped")
                  .put("cps", 11)
                  .put("training_rows", 154)
                  .put("scores", manifest.scores())
                  .put("loaded_at", Models.NOW.toString())
                  .put(
                      "mapped_bytes",
                      Files.size(SmallRelease.directory().resolve("180/model.mmap")))
                  .put("requests", 7L)
                  .putNull("live")
                  .putNull("last_error"));
    }
  }

  @Test
  void aClosedCatalogAnswersNothing() {
    var models = Models.small();

    models.close();

    assertThat(models.current().fingerprints()).isEmpty();
    assertThat(models.scoring("180")).isNull();
    assertThat(models.status().toJson().getJsonArray("models")).isEmpty();
  }
}
