package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.model.Releases;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public class ManifestTest {
  private JsonObject json;

  @BeforeEach
  void readTheOneOfTheSmallRelease() throws IOException {
    json = Releases.manifest(SmallRelease.directory(), "180");
  }

  @Test
  void parsesItsOwnOutput() {
    var manifest = parse();

    assertThat(Manifest.parse(manifest.toJson().toBuffer().getBytes())).isEqualTo(manifest);
    assertThat(manifest.toJson()).isEqualTo(json);
  }

  @Test
  void describesTheModel() {
    var manifest = parse();

    assertThat(manifest.prefix()).isEqualTo("180");
    assertThat(manifest.cps()).hasSize(11).isSorted().contains("CP10720");
    assertThat(manifest.rows()).isEqualTo(154);
    assertThat(manifest.places()).isBetween(1, 154);
    assertThat(manifest.golden()).hasSize(6);
    assertThat(manifest.golden()).anyMatch(golden -> golden.address().pincode() == null);
    assertThat(manifest.version()).matches("[0-9a-f]{8}");
  }

  @Test
  void changesItsVersionWithAFile() {
    var version = parse().version();

    json.getJsonObject("ranker").put("sha256", "0".repeat(64));

    assertThat(parse().version()).isNotEqualTo(version);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x",
        "..",
        ".",
        "",
        "/etc/passwd",
        "180/../../x",
        "180/..",
        "180/.hidden",
        ".staging/ranker.ubj",
        "a/b/c",
        "a\\b",
        "180//model.mmap",
        "x\n",
        "x\u0000",
      })
  void refusesAFileOutsideTheRelease(String path) {
    for (var file : new String[] {"index", "ranker"}) {
      var changed = json.copy();
      changed.getJsonObject(file).put("path", path);

      assertThatThrownBy(() -> Manifest.parse(changed.toBuffer().getBytes()))
          .isInstanceOf(ModelException.class)
          .hasMessage("manifest names the file \"" + path + "\" outside the release");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "abc", "ABCDEF"})
  void refusesAFileWithoutADigest(String sha256) {
    json.getJsonObject("index").put("sha256", sha256);

    assertThatThrownBy(this::parse)
        .isInstanceOf(ModelException.class)
        .hasMessage("manifest has no SHA-256 for 180/model.mmap");
  }

  @Test
  void refusesAnotherFormat() {
    json.put("format", 1);

    assertThatThrownBy(this::parse)
        .isInstanceOf(ModelException.class)
        .hasMessage("manifest has format 1, this service reads format 3; train the release again");
  }

  @Test
  void refusesAnotherFeatureSchema() {
    json.getJsonObject("features").put("schema", "retrieve-rank-15/1");

    assertThatThrownBy(this::parse)
        .isInstanceOf(ModelException.class)
        .hasMessage(
            "model has features retrieve-rank-15/1, this service computes counts-50/1; train the release again");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "018", "1234567", "x", "18 "})
  void refusesAnInvalidPrefix(String prefix) {
    json.put("prefix", prefix);

    assertThatThrownBy(this::parse)
        .isInstanceOf(ModelException.class)
        .hasMessage("\"" + prefix + "\" is no pincode prefix");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "format",
        "prefix",
        "index",
        "ranker",
        "forest",
        "features",
        "rows",
        "places",
        "scores",
        "cps",
        "golden"
      })
  void requiresEveryMemberWithItsType(String key) {
    var without = json.copy();
    without.remove(key);
    var wrong = json.copy().put(key, true);

    for (var changed : new JsonObject[] {without, wrong}) {
      assertThatThrownBy(() -> Manifest.parse(changed.toBuffer().getBytes()))
          .isInstanceOf(ModelException.class)
          .hasMessageMatching(
              "manifest (lacks an entry|has format (null|true)).*|\"true\" is no.*");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{}", "{\"format\":1,\"format\":1}", "{\"format\":1}"})
  void refusesOtherDocuments(String text) {
    assertThatThrownBy(() -> Manifest.parse(text.getBytes()))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("manifest");
  }

  private Manifest parse() {
    return Manifest.parse(json.toBuffer().getBytes());
  }
}
