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
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileTest {
  private final List<AddressRow> addresses = AddressRow.packaged();

  private final List<String> unusable = new ArrayList<>();

  @TempDir private Path dir;

  @Test
  void packagedAddressesHavePincodes() {
    assertThat(addresses).hasSizeGreaterThan(700);
    assertThat(addresses).allSatisfy(place -> assertThat(place.pincode()).matches("[1-9]\\d{5}"));
  }

  @Test
  void missesNeverRepeatAndKeepTheirPincode() {
    var canonical =
        LongStream.range(0, 5_000)
            .mapToObj(i -> shipment(Profile.MISSES, i))
            .map(one -> Address.of(one.getString("address"), one.getString("pincode")))
            .toList();

    assertThat(canonical).doesNotHaveDuplicates();
    assertThat(canonical.get(800).pincode())
        .isEqualTo(addresses.get(800 % addresses.size()).pincode());
  }

  @Test
  void runsShareNoNewAddresses() {
    var first = Profile.MISSES.requests(addresses, "a", "s", 0).body().apply(7).toJsonObject();
    var second = Profile.MISSES.requests(addresses, "b", "s", 0).body().apply(7).toJsonObject();

    assertThat(first.getString("address")).isNotEqualTo(second.getString("address"));
    assertThat(first.getString("shipment_id")).isNotEqualTo(second.getString("shipment_id"));
  }

  @Test
  void stepsShareNoNewAddresses() {
    var steps = LongStream.range(0, 100).mapToObj(n -> "s" + Profile.letters(n)).toList();

    var sent =
        steps.stream()
            .flatMap(
                step ->
                    LongStream.of(0, 1, 2, 26, 27, 700)
                        .mapToObj(
                            i ->
                                Profile.MISSES.requests(addresses, "run", step, 0).body().apply(i)))
            .map(body -> body.toJsonObject().getString("address"))
            .toList();

    assertThat(sent).hasSize(600).doesNotHaveDuplicates();
  }

  @Test
  void hitsRepeatAHundredAddressesAndMixedFourInFive() {
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
  void aBatchHasAHundredDifferentShipments() {
    var requests = Profile.BATCH.requests(addresses, "run", "s", 0);
    var first = requests.body().apply(0).toJsonObject().getJsonArray("shipments");
    var second = requests.body().apply(1).toJsonObject().getJsonArray("shipments");

    assertThat(requests.path()).isEqualTo("/predict/batch");
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

    assertThat(AddressRow.read(plain, unusable::add))
        .containsExactly(
            new AddressRow("Airport Road, Bengaluru", "560017"), new AddressRow("MG Road", ""))
        .isEqualTo(AddressRow.read(packed, unusable::add));
    var body =
        Profile.FILE
            .requests(AddressRow.read(plain, unusable::add), "r", "s", 2)
            .body()
            .apply(1)
            .toJsonObject();
    assertThat(body.getString("address")).isEqualTo("MG Road");
    assertThat(body.containsKey("pincode")).isFalse();
    assertThat(unusable)
        .contains("1 row of %s could not be used".formatted(plain), "line 4: address is missing");
  }

  @Test
  void namesAnUnusableFileAndTheReason() throws IOException {
    var other = Files.writeString(dir.resolve("o.csv"), "street\nx\n");
    var empty = Files.writeString(dir.resolve("e.csv"), "address\n\n");

    assertThatThrownBy(() -> AddressRow.read(dir.resolve("none.csv"), unusable::add))
        .hasMessageContaining("no file");
    assertThatThrownBy(() -> AddressRow.read(other, unusable::add))
        .hasMessageContaining("lacks the column address");
    assertThatThrownBy(() -> AddressRow.read(empty, unusable::add))
        .hasMessageEndingWith("has no address");
  }

  private JsonObject shipment(Profile profile, long i) {
    return profile.requests(addresses, "run", "s", 0).body().apply(i).toJsonObject();
  }
}
