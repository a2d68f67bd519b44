package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.ModelFileTest;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged releases, over a thousand of them: none is taken over, and the old models go on. */
class MutantReleaseTest {
  private static final String PREFIX = "575";
  private static final Address ADDRESS = new Address("kadri temple mangalore", "575002");
  private static final int EACH = 200;

  @TempDir private Path dir;
  private ModelStore models;
  private PrefixModel before;
  private PrefixScores answer;

  /** A release is served, and a newer one lies in its place, waiting to be taken over. */
  @BeforeEach
  void putANewerReleaseInPlace() throws IOException {
    SmallRelease.copyTo(dir);
    models = Models.load(dir);
    before = models.scoring(PREFIX).model();
    answer = score();
    for (var prefix : SmallRelease.PREFIXES) Releases.change(dir, prefix);
  }

  @AfterEach
  void close() {
    models.close();
  }

  private PrefixScores score() {
    return new Scorer().score(models.scoring(PREFIX), ADDRESS);
  }

  @Test
  void undamagedItIsTakenOver() {
    models.reload();

    assertThat(models.failures()).isEmpty();
    assertThat(models.scoring(PREFIX).model()).isNotSameAs(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "release.json",
        "575/manifest.json",
        "575/model.mmap",
        "ranker.ubj",
        "forest.bin",
        "national.mmap"
      })
  void noMutantIsAccepted(String name) throws IOException {
    var random = new Random(name.hashCode());
    var file = dir.resolve(name);
    var whole = Files.readAllBytes(file);
    var national = dir.resolve("national.mmap");
    for (int i = 0; i < EACH; i++) {
      var mutant = mutant(whole, name, random);
      while (Arrays.equals(mutant, whole)) mutant = mutant(whole, name, random);
      Releases.replace(file, mutant);

      models.reload(Set.of(PREFIX));

      if (name.equals("national.mmap")) {
        assertThat(isNationalRefused(national)).as("mutant %d", i).isTrue();
      } else {
        assertThat(models.scoring(PREFIX).model()).as("mutant %d", i).isSameAs(before);
        assertThat(models.failures()).isNotEmpty();
      }
      assertThat(models.prefixes()).hasSize(3);
      if (!name.equals("national.mmap")) assertThat(score()).isEqualTo(answer);
    }
  }

  /** A partial reload leaves the national stage alone, so it is asked for by itself. */
  private boolean isNationalRefused(Path file) {
    try {
      new ModelLoader(Engine.MAPPED, Mapping.Kind.MAPPED).national(Release.open(file.getParent()));
      return false;
    } catch (ModelException e) {
      return true;
    }
  }

  @Test
  void aMutantWithRightDigestsIsRefusedOrScores() throws IOException {
    var random = new Random(5);
    var file = dir.resolve(PREFIX + "/model.mmap");
    var whole = Files.readAllBytes(file);
    int refused = 0;
    for (int i = 0; i < EACH; i++) {
      var mutant = whole.clone();
      damageASection(mutant, random);
      ModelFileTest.sign(mutant);
      Releases.replace(file, mutant);
      var manifest = Releases.manifest(dir, PREFIX);
      manifest.put("index", Manifest.FileRef.of(PREFIX + "/model.mmap", mutant).toJson());
      Releases.replaceManifest(dir, PREFIX, manifest.toBuffer().getBytes());

      models.reload(Set.of(PREFIX));

      if (!models.failures().isEmpty()) refused++;
      var scoring = models.scoring(PREFIX);
      for (var address : Models.addresses(PREFIX).subList(0, 6)) {
        assertThat(new Scorer().score(scoring, address).size()).isPositive();
      }
    }
    assertThat(refused).isBetween(EACH / 4, EACH);
  }

  private static void damageASection(byte[] file, Random random) {
    var table = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    var sections = Section.values();
    var section = sections[random.nextInt(sections.length)];
    int entry = 16 + section.ordinal() * 24;
    int offset = (int) table.getLong(entry + 8);
    int length = (int) table.getLong(entry + 16);
    if (length < 4) return;
    int at = offset + random.nextInt(length - 3);
    table.putInt(at, random.nextInt(4) == 0 ? -1 : random.nextInt());
  }

  /** The same file of the release that is served; the one that names all would be no mutant. */
  private Path earlier(String name) {
    var release = name.equals(Release.FILE) ? dir : SmallRelease.directory();
    return release.resolve(name.equals(Release.FILE) ? "575/manifest.json" : name);
  }

  private byte[] mutant(byte[] whole, String name, Random random) throws IOException {
    var mutant = whole.clone();
    int from = random.nextInt(mutant.length);
    int length = 1 + random.nextInt(Math.min(64, mutant.length - from));
    switch (random.nextInt(6)) {
      case 0 -> {
        return Arrays.copyOf(mutant, random.nextInt(mutant.length));
      }
      case 1 -> mutant[from] ^= (byte) (1 << random.nextInt(8));
      case 2 -> Arrays.fill(mutant, from, from + length, (byte) 0);
      case 3 -> Arrays.fill(mutant, from, from + length, (byte) 0xff);
      case 4 -> { // two pieces change places
        int other = random.nextInt(mutant.length - length + 1);
        var piece = Arrays.copyOfRange(mutant, from, from + length);
        System.arraycopy(mutant, other, mutant, from, length);
        System.arraycopy(piece, 0, mutant, other, length);
      }
      default -> { // a good file, but of another prefix, or another release, or of another kind
        return Files.readAllBytes(
            switch (random.nextInt(3)) {
              case 0 -> dir.resolve(name.replace(PREFIX, "180"));
              case 1 -> earlier(name);
              default -> dir.resolve("180/manifest.json");
            });
      }
    }
    return mutant;
  }
}
