package com.cpprediction.loadtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.prediction.Address;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileTest {
  private final List<Place> places = Place.packaged();

  @TempDir private Path dir;

  @Test
  void packagedPlacesNameTheirPrefixAndAreMany() {
    assertThat(places).hasSizeGreaterThan(700);
    assertThat(places).allSatisfy(place -> assertThat(place.pincode()).matches("[1-9]\\d{5}"));
  }

  @Test
  void missesNeverRepeatAndKeepTheirPincode() {
    var canonical =
        LongStream.range(0, 5_000)
            .mapToObj(i -> shipment(Profile.MISSES, i))
            .map(one -> Address.of(one.getString("address"), one.getString("pincode")))
            .toList();

    assertThat(canonical).doesNotHaveDuplicates();
    assertThat(canonical.get(800).pincode()).isEqualTo(places.get(800 % places.size()).pincode());
  }

  @Test
  void anotherRunAsksForOtherAddresses() {
    var first = Profile.MISSES.questions(places, "a", "s", 0).body().apply(7).toJsonObject();
    var second = Profile.MISSES.questions(places, "b", "s", 0).body().apply(7).toJsonObject();

    assertThat(first.getString("address")).isNotEqualTo(second.getString("address"));
    assertThat(first.getString("shipment_id")).isNotEqualTo(second.getString("shipment_id"));
  }

  @Test
  void noTwoStepsAskForTheSame() {
    var steps = LongStream.range(0, 100).mapToObj(n -> "s" + Profile.letters(n)).toList();

    var addresses =
        steps.stream()
            .flatMap(
                step ->
                    LongStream.of(0, 1, 2, 26, 27, 700)
                        .mapToObj(
                            i -> Profile.MISSES.questions(places, "run", step, 0).body().apply(i)))
            .map(body -> body.toJsonObject().getString("address"))
            .toList();

    assertThat(addresses).hasSize(600).doesNotHaveDuplicates();
  }

  @Test
  void hitsAreFewAndMixedRepeatsFourInFive() {
    var hits = LongStream.range(0, 1_000).mapToObj(i -> shipment(Profile.HITS, i)).toList();
    long fresh =
        LongStream.range(0, 5_000)
            .mapToObj(i -> shipment(Profile.MIXED, i).getString("address"))
            .filter(address -> address.startsWith("door run"))
            .count();

    assertThat(hits.stream().map(one -> one.getString("address")).distinct()).hasSize(100);
    assertThat(fresh).isBetween(900L, 1_100L);
  }

  @Test
  void aBatchHasAHundredShipmentsNoneTwice() {
    var questions = Profile.BATCH.questions(places, "run", "s", 0);
    var first = questions.body().apply(0).toJsonObject().getJsonArray("shipments");
    var second = questions.body().apply(1).toJsonObject().getJsonArray("shipments");

    assertThat(questions.path()).isEqualTo("/predict/batch");
    assertThat(first).hasSize(100).doesNotHaveDuplicates();
    assertThat(second).doesNotContainAnyElementsOf(first);
  }

  @Test
  void lettersCountWithoutRepeating() {
    assertThat(LongStream.of(0, 25, 26, 27, 701, 702).mapToObj(Profile::letters))
        .containsExactly("a", "z", "aa", "ba", "zz", "aaa");
  }

  @Test
  void readsAFileOfAddressesPlainOrCompressed() throws IOException {
    var rows = "cp,pincode,address\nX,560017,\"Airport Road, Bengaluru\"\nY,,MG Road\nZ,1,\n";
    var plain = Files.writeString(dir.resolve("a.csv"), rows);
    var packed = dir.resolve("a.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      out.write(rows.getBytes(StandardCharsets.UTF_8));
    }

    assertThat(Place.read(plain))
        .containsExactly(new Place("Airport Road, Bengaluru", "560017"), new Place("MG Road", ""))
        .isEqualTo(Place.read(packed));
    var body =
        Profile.FILE.questions(Place.read(plain), "r", "s", 2).body().apply(1).toJsonObject();
    assertThat(body.getString("address")).isEqualTo("MG Road");
    assertThat(body.containsKey("pincode")).isFalse();
  }

  @Test
  void aFileThatIsNoUseIsNamedWithTheReason() throws IOException {
    var other = Files.writeString(dir.resolve("o.csv"), "street\nx\n");
    var empty = Files.writeString(dir.resolve("e.csv"), "address\n\n");

    assertThatThrownBy(() -> Place.read(dir.resolve("none.csv"))).hasMessageContaining("no file");
    assertThatThrownBy(() -> Place.read(other)).hasMessageEndingWith("has no column address");
    assertThatThrownBy(() -> Place.read(empty)).hasMessageEndingWith("has no address");
  }

  private JsonObject shipment(Profile profile, long i) {
    return profile.questions(places, "run", "s", 0).body().apply(i).toJsonObject();
  }
}
