package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.testing.TestScores;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShipmentReaderTest {
  private static final String ID = "S1";
  private static final String ADDRESS = "12, MG Road, Bengaluru";
  private static final String[] ADDRESSES = {
    ADDRESS, ADDRESS + " 560017", "MG Road 110001", "", " ", "…", "\ud800", "Straße १२३", "a\u0000"
  };
  private static final String[] PINCODES = {null, "", " ", "560017", "560 017", "110001", "56001"};

  private final PredictionCache cache = TestReaders.cache(true);
  private final List<String> located = new ArrayList<>();
  private PincodeErrors wrongPincodes = WrongPincodes.prior();
  private final ShipmentReader reader = TestReaders.shipments(() -> wrongPincodes, cache);
  private final ServingRelease lease = release("560");

  private ServingRelease release(String prefix) {
    Locator locator =
        text -> {
          located.add(text);
          return TestScores.chances(prefix, 0.9);
        };
    return ServingRelease.of(Map.of(prefix, "a"), locator);
  }

  @Test
  void readsAndLocatesARepeatedAddressOnce() {
    var first = read(reader, ADDRESS, "560017", lease);
    var second = read(reader, ADDRESS, "560017", lease);

    assertThat(second.address()).isSameAs(first.address());
    assertThat(second.hypotheses()).isSameAs(first.hypotheses());
    assertThat(second.typed()).isEqualTo(ADDRESS);
    assertThat(second.id()).isNotEqualTo(first.id());
    assertThat(located).hasSize(1);
  }

  @Test
  void keepsPincodeFieldsApart() {
    var first = read(reader, ADDRESS, "560017", lease);
    var other = read(reader, ADDRESS, "560018", lease);
    var without = read(reader, ADDRESS, null, lease);

    assertThat(first.address().pincode()).isEqualTo("560017");
    assertThat(other.address().pincode()).isEqualTo("560018");
    assertThat(without.address().pincode()).isNull();
  }

  @Test
  void locatesAnewWithAnotherGenerationOfTheModels() {
    var after = release("110");

    var before = read(reader, ADDRESS, null, lease);
    var replaced = read(reader, ADDRESS, null, after);
    var late = read(reader, ADDRESS, null, lease); // by a request that leased the old one

    assertThat(before.hypotheses().prefix()).isEqualTo("560");
    assertThat(replaced.hypotheses().prefix()).isEqualTo("110");
    assertThat(late.hypotheses()).isEqualTo(before.hypotheses());
    assertThat(replaced.address()).isSameAs(before.address());
  }

  @Test
  void locatesAnewWithOtherSharesOfWrongPincodes() {
    var before = read(reader, ADDRESS, "560017", lease);
    wrongPincodes = PincodeErrors.of(0.3);
    var after = read(reader, ADDRESS, "560017", lease);

    assertThat(after.hypotheses().wrongPincodes()).isEqualTo(wrongPincodes);
    assertThat(after.hypotheses()).isNotEqualTo(before.hypotheses());
  }

  @Test
  void keepsNoFailure() {
    Locator silentAtFirst =
        text -> {
          located.add(text);
          return located.size() == 1 ? null : TestScores.chances("560", 0.9);
        };
    var release = ServingRelease.of(Map.of("560", "a"), silentAtFirst);

    assertThatThrownBy(() -> read(reader, ADDRESS, null, release))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> assertThat(e.failure()).isEqualTo(Failure.PINCODE_REQUIRED));

    assertThat(read(reader, ADDRESS, null, release).hypotheses().prefix()).isEqualTo("560");
  }

  @Test
  void keepsNothingWhileTheCacheIsOff() {
    var off = TestReaders.shipments(() -> wrongPincodes);
    var first = read(off, ADDRESS, null, lease);

    assertThat(read(off, ADDRESS, null, lease).address()).isNotSameAs(first.address());
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void readsAndRefusesTheSameAsWithoutACache(long seed) {
    var random = new Random(seed);
    var leases = List.of(lease, release("110"), ServingRelease.of(Map.of(), Locator.NONE));
    var anew = TestReaders.shipments(() -> wrongPincodes);
    int read = 0;
    for (int i = 0; i < 3_000; i++) {
      var address = ADDRESSES[random.nextInt(ADDRESSES.length)];
      var pincode = PINCODES[random.nextInt(PINCODES.length)];
      var shipment = random.nextInt(20) == 0 ? "" : ID;
      var id = random.nextInt(20) == 0 ? "none" : null;
      var of = leases.get(random.nextInt(leases.size()));
      if (random.nextInt(10) == 0) wrongPincodes = PincodeErrors.of(random.nextDouble());
      var typed = new TypedShipment(shipment, address, pincode, id);

      var result = outcome(reader, typed, of, wrongPincodes);
      assertThat(result).isEqualTo(outcome(anew, typed, of, wrongPincodes));
      if (result instanceof List) read++;
    }
    assertThat(read).isBetween(300, 2_700);
  }

  private static Object outcome(
      ShipmentReader reader, TypedShipment typed, ServingRelease lease, PincodeErrors errors) {
    try {
      var request = reader.request(typed, lease, errors);
      return List.of(request.typed(), request.address(), request.hypotheses());
    } catch (ServiceException e) {
      return e.failure() + " " + e.getMessage();
    }
  }

  private PredictionRequest read(
      ShipmentReader reader, String address, String pincode, ServingRelease lease) {
    return reader.request(new TypedShipment(ID, address, pincode, null), lease, wrongPincodes);
  }
}
