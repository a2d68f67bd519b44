package com.cpprediction.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerificationTest {
  @TempDir Path dir;

  @Test
  void aFreshReleaseHasNoProblem() {
    var verification = Verification.of(SmallRelease.directory());

    assertThat(verification.models()).isEqualTo(3);
    assertThat(verification.problems()).isEmpty();
  }

  @Test
  void aReleaseThatIsLessAccurateThanAnotherHasThatProblem() throws IOException {
    SmallRelease.copyTo(dir);
    Releases.score(dir, "575", HeldBackAccuracyTest.scores("full", 400, 0.5));
    Releases.score(dir, HeldBackAccuracyTest.scores("full", 400, 0.5));
    var served = SmallRelease.copyTo(dir.resolve("served"));
    Releases.score(served, "575", HeldBackAccuracyTest.scores("full", 400, 0.9));
    Releases.score(served, HeldBackAccuracyTest.scores("full", 400, 0.9));

    assertThat(Verification.against(served, dir, 0.02).problems()).isEmpty();
    assertThat(Verification.against(dir, served, 1).problems()).isEmpty();
    assertThat(Verification.against(dir, served, 0.02).problems())
        .hasSize(2)
        .allMatch(
            problem -> problem.contains("full 50.00 % of 400 rows, was 90.00 % of 400; more than"))
        .anyMatch(problem -> problem.startsWith("the release is less accurate"))
        .anyMatch(problem -> problem.startsWith("575: the model is less accurate"));
    assertThat(Verification.against(dir, dir.resolve("nowhere"), 0.02).problems())
        .singleElement()
        .asString()
        .startsWith("there is no ");
  }

  @ParameterizedTest
  @CsvSource({"575/model.mmap", "575/manifest.json"})
  void aDamagedFileOfOnePrefixIsThatPrefixsProblem(String file) throws IOException {
    SmallRelease.copyTo(dir);
    flipAByte(dir.resolve(file));

    var verification = Verification.of(dir);

    assertThat(verification.models()).isEqualTo(3);
    assertThat(verification.problems())
        .singleElement()
        .asString()
        .startsWith("575: ")
        .contains("SHA-256 differs");
  }

  @Test
  void aDamagedRankerIsEveryPrefixsProblem() throws IOException {
    SmallRelease.copyTo(dir);
    flipAByte(dir.resolve("ranker.ubj"));

    assertThat(Verification.of(dir).problems())
        .hasSize(3)
        .allMatch(problem -> problem.contains(": ranker.ubj is not the file the manifest names"));
  }

  @Test
  void aCutFileIsNamedWithItsSizes() throws IOException {
    SmallRelease.copyTo(dir);
    var file = dir.resolve("180/model.mmap");
    var content = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(content, 100));

    assertThat(Verification.of(dir).problems())
        .containsExactly("180: 180/model.mmap has 100 bytes, the manifest says " + content.length);
  }

  @ParameterizedTest
  @CsvSource({
    "180/model.mmap, 1",
    "180/manifest.json, 1",
    "ranker.ubj, 3",
  })
  void aMissingFileIsNamed(String file, int problems) throws IOException {
    SmallRelease.copyTo(dir);
    Files.delete(dir.resolve(file));

    assertThat(Verification.of(dir).problems())
        .hasSize(problems)
        .allMatch(problem -> problem.contains(": " + file + " is missing; "));
  }

  @Test
  void withoutAReleaseThereIsOneProblem() {
    var verification = Verification.of(dir);

    assertThat(verification.models()).isZero();
    assertThat(verification.problems())
        .containsExactly(
            "there is no %s; train a release there, or name another with models.dir"
                .formatted(dir.resolve("release.json")));
  }

  @Test
  void aDamagedReleaseFileIsOneProblem() throws IOException {
    SmallRelease.copyTo(dir);
    Files.writeString(dir.resolve("release.json"), "{\"format\":1,");

    assertThat(Verification.of(dir).problems()).singleElement().asString().contains("is damaged");
  }

  @ParameterizedTest
  @CsvSource({"'\"cp\" : \"CP', '\"cp\" : \"XX'", "'\"score\" : ', '\"score\" : 1e9, \"was\" : '"})
  void anotherAnswerToAGoldenAddressIsAProblem(String from, String to) throws IOException {
    SmallRelease.copyTo(dir);
    var file = dir.resolve("180/manifest.json");
    var manifest = Files.readString(file);
    assertThat(manifest).contains(from);
    Releases.replaceManifest(dir, "180", manifest.replace(from, to).getBytes(UTF_8));

    assertThat(Verification.of(dir).problems())
        .singleElement()
        .asString()
        .matches("180: golden address \\d is answered \\[.*\\], XGBoost answered \\[.*\\]");
  }

  @Test
  void aManifestWithoutGoldenAddressesIsAProblem() throws IOException {
    SmallRelease.copyTo(dir);
    var json = Releases.manifest(dir, "180");
    json.getJsonArray("golden").clear();
    Releases.replaceManifest(dir, "180", json.toBuffer().getBytes());

    assertThat(Verification.of(dir).problems())
        .containsExactly("180: manifest has no golden address");
  }

  @Test
  void aGoldenAddressWithANonsensePincodeIsAProblem() throws IOException {
    SmallRelease.copyTo(dir);
    var json = Releases.manifest(dir, "180");
    json.getJsonArray("golden").getJsonObject(0).put("pincode", "nonsense");
    Releases.replaceManifest(dir, "180", json.toBuffer().getBytes());

    assertThat(Verification.of(dir).problems())
        .containsExactly("180: manifest has a golden address with the pincode nonsense");
  }

  private static void flipAByte(Path file) throws IOException {
    var content = Files.readAllBytes(file);
    content[content.length / 2] ^= 1;
    Files.write(file, content);
  }
}
