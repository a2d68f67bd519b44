package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Address;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A catalog that holds a part of its release: 180, 575 and 831 of the small one are not all here.
 */
class ModelShareTest {
  private final Part part = new Part();
  @TempDir private Path dir;
  private ModelStore models;

  /** What a test says. */
  private final class Part implements PrefixAssignment {
    private volatile Set<String> mine = Set.of("180");
    private final List<String> handedOver = new ArrayList<>(); // the release that was answered then

    @Override
    public boolean whole() {
      return false;
    }

    @Override
    public Set<String> of(String release, Set<String> prefixes) {
      return mine;
    }

    @Override
    public void handOver() {
      handedOver.add(models.current().release());
    }
  }

  @BeforeEach
  void load() throws IOException {
    SmallRelease.copyTo(dir);
    models =
        new ModelStore(dir, Engine.MAPPED, false, false, Models.metrics(), Clock.systemUTC(), part);
    models.reload();
  }

  @AfterEach
  void close() {
    models.close();
  }

  @Test
  void knowsTheFingerprintsOfModelsItDoesNotHold() {
    try (var whole = Models.small()) {
      assertThat(models.current().here()).containsExactly("180");
      assertThat(models.current().fingerprints()).isEqualTo(whole.current().fingerprints());
      assertThat(models.current().release())
          .isEqualTo(whole.current().release())
          .isEqualTo(ModelStore.releaseIn(dir));
    }
    assertThat(models.scoring("575")).isNull();
  }

  @Test
  void claimsAndDropsModelsOfTheReleaseItServes() {
    assertThat(models.claim(Set.of("575", "831"))).isEmpty();
    assertThat(models.current().here()).containsExactlyInAnyOrder("180", "575", "831");

    var lease = models.lease();
    var inUse = lease.scoring("575");
    models.drop(models.current().release(), Set.of("575", "180"));

    assertThat(models.current().here()).containsExactly("831");
    assertThat(models.current().fingerprints()).hasSize(3);
    assertThat(models.scoring("575")).isNull();
    assertThat(new Scorer().score(inUse, new Address("kadri", "575002"))).isNotNull();
    lease.close();
    assertThat(inUse.model().acquire()).as("freed with the last lease").isFalse();
  }

  @Test
  void dropsNothingOfALaterRelease() throws IOException {
    var before = models.current().release();
    Releases.change(dir, "575");
    models.reload();
    var held = models.current().here();

    models.drop(before, held);

    assertThat(models.current().release()).isNotEqualTo(before);
    assertThat(models.current().here()).isNotEmpty().isEqualTo(held);
  }

  @Test
  void keepsWhatItHoldsWhenTheReleaseStaysTheSame() {
    models.claim(Set.of("575"));

    models.reload();

    assertThat(models.current().here()).containsExactlyInAnyOrder("180", "575");
    assertThat(part.handedOver).isEmpty();
  }

  @Test
  void handsOverBeforeItTakesAnotherReleaseAndThenHoldsItsPartOfThat() throws IOException {
    var before = models.current();
    Releases.change(dir, "575");
    part.mine = Set.of("575", "831");

    models.reload();

    assertThat(part.handedOver).containsExactly(before.release());
    assertThat(models.current().release()).isNotEqualTo(before.release());
    assertThat(models.current().here()).containsExactlyInAnyOrder("575", "831");
    assertThat(models.current().fingerprints().get("575"))
        .isNotEqualTo(before.fingerprints().get("575"));
  }

  @Test
  void claimsNothingOfAReleaseThatLiesThereAndIsNotServedYet() throws IOException {
    Releases.change(dir, "575");

    var refused = models.claim(Set.of("575", "831", "999"));

    assertThat(refused).containsOnlyKeys("575", "999");
    assertThat(refused.get("575")).contains("another release");
    assertThat(models.current().here()).containsExactlyInAnyOrder("180", "831");
  }

  @Test
  void saysWhyAModelCannotBeClaimedAndHasItOnceItIsMended() throws IOException {
    var file = dir.resolve("575/model.mmap");
    var good = Files.readAllBytes(file);
    Releases.replace(file, new byte[7]);

    assertThat(models.claim(Set.of("575")).get("575")).contains("7 bytes");
    assertThat(models.failures()).containsOnlyKeys("575");
    Releases.replace(file, good);

    assertThat(models.claim(Set.of("575"))).isEmpty();
    assertThat(models.failures()).isEmpty();
  }

  @Test
  void knowsWhichModelIsOfAnEarlierReleaseAndReplacesItOnceThatOfThisOneIsMended()
      throws IOException {
    var earlier = models.current().fingerprints().get("180");
    Releases.change(dir, "180");
    var file = dir.resolve("180/model.mmap");
    var good = Files.readAllBytes(file);
    Releases.replace(file, new byte[7]);

    models.reload();

    assertThat(models.current().here()).containsExactly("180");
    assertThat(models.current().outdated()).containsExactly("180");
    assertThat(models.current().fingerprints()).containsEntry("180", earlier);
    assertThat(models.claim(Set.of("180")).get("180")).contains("7 bytes");
    assertThat(models.current().outdated()).containsExactly("180");

    Releases.replace(file, good);

    assertThat(models.claim(Set.of("180"))).isEmpty();
    assertThat(models.current().outdated()).isEmpty();
    assertThat(models.current().fingerprints().get("180")).isNotEqualTo(earlier);
  }

  @Test
  void anUnreadableManifestKeepsNoNodeFromTheSameRelease() throws IOException {
    Files.writeString(dir.resolve("575/manifest.json"), "{}");
    try (var other =
        new ModelStore(
            dir, Engine.MAPPED, false, false, Models.metrics(), Clock.systemUTC(), part)) {
      other.reload();

      assertThat(other.current().release()).isEqualTo(models.current().release());
      assertThat(other.current().fingerprints()).containsOnlyKeys("180", "831");
      assertThat(other.current().prefixOf("575002")).as("others may answer it").isEqualTo("575");
      assertThat(other.failures()).containsOnlyKeys("575");
    }
  }
}
