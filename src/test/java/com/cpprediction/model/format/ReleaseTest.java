package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.model.Releases;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public class ReleaseTest {
  private static final Manifest.FileRef NATIONAL =
      Manifest.FileRef.of("national.mmap", new byte[] {1});

  @TempDir Path dir;

  @Test
  void hasItsPrefixesAndScores() {
    var release = Release.open(SmallRelease.directory());

    assertThat(release.manifests()).containsOnlyKeys(SmallRelease.PREFIXES.toArray(String[]::new));
    assertThat(release.scores().fieldNames())
        .containsExactlyInAnyOrder(
            "full",
            "text_only",
            "prefix_only",
            "wrong_pincode_0.25",
            "wrong_anywhere_0.25",
            "wrong_slip_0.25",
            "no_prefix");
  }

  @Test
  void parsesItsOwnDescription() throws IOException {
    var scores = new JsonObject().put("full", new JsonObject().put("rows", 7));
    write(
        Release.describe(Map.of("560", "a", "110", "b"), NATIONAL, new JsonObject(), scores)
            .encode());

    var release = Release.open(dir);

    assertThat(release.manifests()).containsExactly(Map.entry("110", "b"), Map.entry("560", "a"));
    assertThat(release.scores()).isEqualTo(scores);
  }

  @ParameterizedTest
  @ValueSource(strings = {"2", "\"1\"", "null", "1.5"})
  void refusesAnotherFormat(String format) throws IOException {
    write("{\"format\":%s,\"manifests\":{}}".formatted(format));

    assertThatThrownBy(() -> Release.open(dir))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(dir.resolve("release.json") + " has format ")
        .hasMessageEndingWith(", this service reads format 1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"format\":1}",
        "{\"format\":1,\"manifests\":[]}",
        "{\"format\":1,\"manifests\":{\"560\":7}}",
        "{\"format\":1,\"manifests\":{},\"scores\":7}",
        "{\"format\":1,\"manifests\":{\"560\":\"a\",\"560\":\"b\"}}",
      })
  void refusesADamagedFile(String json) throws IOException {
    write(json);

    assertThatThrownBy(() -> Release.open(dir))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(dir.resolve("release.json") + " is damaged: ");
  }

  @Test
  void refusesAnOversizedFile() throws IOException {
    var file = dir.resolve(Release.FILE);
    try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength((16 << 20) + 1);
    }

    assertThatThrownBy(() -> Release.open(dir))
        .isInstanceOf(ModelException.class)
        .hasMessage("cannot read " + file + ": it is larger than 16777216 bytes");
    assertThat(Release.signature(dir)).isEqualTo(Release.signature(dir));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "", "..", "018", "1234567", "56a", "560/../575"})
  void refusesAnInvalidPrefix(String name) throws IOException {
    write(
        Release.describe(Map.of(name, "a"), NATIONAL, new JsonObject(), new JsonObject()).encode());

    var release = Release.open(dir);

    assertThatThrownBy(() -> release.manifest(name))
        .isInstanceOf(ModelException.class)
        .hasMessage("\"" + name + "\" is no prefix");
  }

  @Test
  void refusesAManifestOfAnotherPrefix() throws IOException {
    SmallRelease.copyTo(dir);
    var other = Files.readAllBytes(dir.resolve("575/manifest.json"));
    Releases.replaceManifest(dir, "180", other);

    var release = Release.open(dir);

    assertThatThrownBy(() -> release.manifest("180"))
        .isInstanceOf(ModelException.class)
        .hasMessage("manifest is of prefix 575");
  }

  @Test
  void refusesAManifestOfAnotherDigest() throws IOException {
    SmallRelease.copyTo(dir);
    Files.writeString(
        dir.resolve("180/manifest.json"),
        Files.readString(dir.resolve("180/manifest.json")) + "\n");

    var release = Release.open(dir);

    assertThatThrownBy(() -> release.manifest("180"))
        .isInstanceOf(ModelException.class)
        .hasMessage("manifest is not the one release.json names (SHA-256 differs)");
  }

  private void write(String json) throws IOException {
    Files.writeString(dir.resolve(Release.FILE), json);
  }
}
