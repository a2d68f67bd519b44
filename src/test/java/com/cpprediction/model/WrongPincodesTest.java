package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PincodeEvidence;
import com.cpprediction.prediction.PincodeLikelihoods;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WrongPincodesTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final double FAR = PincodeEvidence.far();
  private static final PincodeLikelihoods RIGHT = new PincodeLikelihoods(0.5, 1e-6, 0.02, FAR);
  private static final PincodeLikelihoods SLIP = new PincodeLikelihoods(0, 1 / 59.0, 0, FAR);
  private static final PincodeLikelihoods NEAR = new PincodeLikelihoods(1e-9, 0, 0.02, FAR);
  private static final PincodeLikelihoods FARAWAY = new PincodeLikelihoods(0, 0, 0, FAR);

  private final AtomicLong nanos = new AtomicLong();
  private volatile OptionalDouble configured = OptionalDouble.empty();
  private final WrongPincodes wrong =
      new WrongPincodes(() -> configured, Clock.fixed(NOW, ZoneOffset.UTC), nanos::get);

  @Test
  void startsAtThePrior() {
    assertThat(wrong.errors())
        .isEqualTo(WrongPincodes.prior())
        .isEqualTo(new PincodeErrors(0.004, 0.002, 0.002));
    assertThat(wrong.toJson().getDouble("share")).isEqualTo(0.008);
    assertThat(wrong.toJson().getJsonArray("moves")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.002, 0.02, 0.05, 0.1, 0.25, 0.4})
  void findsTheShareOfTypingErrors(double truth) {
    observe(20_000, truth, SLIP);

    assertThat(wrong.errors().slips()).isEqualTo(truth);
    assertThat(estimate("slips")).isCloseTo(truth, within(truth * 0.06 + 0.001));
    assertThat(wrong.toJson().getInteger("observed")).isEqualTo(5_000);
  }

  @Test
  void findsTheSharesOfNeighboursAndOfPincodesFromAnywhere() {
    observe(20_000, 0.1, NEAR);
    assertThat(wrong.errors().near()).isEqualTo(0.1);

    observe(20_000, 0.1, FARAWAY);
    assertThat(wrong.errors().far()).isEqualTo(0.1);
    assertThat(wrong.errors().near()).isLessThanOrEqualTo(0.002);
  }

  /** The directory, the words and the pincodes of a made-up India. */
  @ParameterizedTest(name = "slips {0}, near {1}, far {2}")
  @CsvSource({
    "0.2, 0, 0.1",
    "0, 0.2, 0",
    "0.05, 0.1, 0.02",
    "0.1, 0, 0",
    "0, 0, 0.2",
    "0, 0, 0",
  })
  void tellsTheKindsApart(double slips, double near, double far) {
    var world = new World(7);
    var traffic = world.traffic(20_000, slips, near, far);

    traffic.forEach(this::observe);

    var online = wrong.errors();
    assertWithinAStep(online.slips(), slips);
    assertWithinAStep(online.near(), near);
    assertWithinAStep(online.far(), far);
    var ofFile = WrongPincodes.estimate(traffic);
    assertWithinAStep(ofFile.slips(), slips);
    assertWithinAStep(ofFile.near(), near);
    assertWithinAStep(ofFile.far(), far);
  }

  @Test
  void movesByOneValueAtATimeAndSaysFromWhat() {
    observe(500, 1, SLIP);

    assertThat(wrong.errors()).isEqualTo(new PincodeErrors(0.007, 0.001, 0.001));
    var first = move(0.008, 0.009);
    assertThat(wrong.toJson().getJsonArray("moves")).containsExactly(first);

    observe(500, 1, SLIP);

    assertThat(wrong.errors().slips()).isEqualTo(0.01);
    assertThat(wrong.toJson().getJsonArray("moves")).containsExactly(first, move(0.009, 0.012));
  }

  private static JsonObject move(double from, double to) {
    return new JsonObject().put("at", NOW.toString()).put("from", from).put("to", to);
  }

  @Test
  void aBurstMovesAShareByOneValueAtMost() {
    for (int i = 0; i < 4_000; i++) wrong.observe(SLIP);
    assertThat(wrong.errors()).isEqualTo(WrongPincodes.prior());

    nanos.addAndGet(TimeUnit.SECONDS.toNanos(5));
    for (int i = 0; i < 4_000; i++) wrong.observe(SLIP);

    assertThat(wrong.errors().slips()).isEqualTo(0.007);
  }

  @Test
  void estimatesAfterAMinuteThoughFewCame() {
    observe(100, 1, SLIP);
    assertThat(wrong.errors()).isEqualTo(WrongPincodes.prior());

    nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
    observe(1, 1, SLIP);

    assertThat(wrong.errors().slips()).isEqualTo(0.007);
  }

  @Test
  void staysUntilTheEstimateIsNearTheNextValue() {
    observe(20_000, 0.05, SLIP);
    var shares = new HashSet<Double>();
    for (double truth : new double[] {0.045, 0.055, 0.06}) {
      observe(5_000, truth, SLIP);
      shares.add(wrong.errors().slips());
    }

    assertThat(shares).containsExactly(0.05);
    assertThat(estimate("slips")).isGreaterThan(0.055);
  }

  @Test
  void fallsToTheFloorOfEachKindAndNoFurther() {
    observe(50_000, 0, SLIP);

    var errors = wrong.errors();
    assertThat(errors).isEqualTo(new PincodeErrors(0.001, 0.001, 0.001));
  }

  @Test
  void leavesATenthToRightPincodesWhateverComes() {
    for (int i = 0; i < 50_000; i++) observe(List.of(SLIP, NEAR, FARAWAY).get(i % 3));

    assertThat(wrong.errors().share()).isBetween(0.8, PincodeErrors.MOST);
    var all = new ArrayList<PincodeLikelihoods>();
    for (int i = 0; i < 5_000; i++) all.add(i % 2 == 0 ? SLIP : NEAR);
    assertThat(WrongPincodes.estimate(all).share()).isBetween(0.8, PincodeErrors.MOST);
  }

  @Test
  void theConfiguredShareWinsAtOnce() {
    configured = OptionalDouble.of(0.123);

    assertThat(wrong.errors()).isEqualTo(PincodeErrors.of(0.123));
    assertThat(wrong.toJson().getString("source")).isEqualTo("configured");
    assertThat(wrong.toJson().getDouble("share")).isEqualTo(0.123);
  }

  @Test
  void aPincodeThatNothingExplainsTellsNothing() {
    for (int i = 0; i < 2_000; i++) wrong.observe(new PincodeLikelihoods(0, 0, 0, 0));

    assertThat(wrong.errors().share()).isLessThanOrEqualTo(WrongPincodes.prior().share());
    assertThat(estimate("far")).isBetween(0.0, 0.002);
  }

  @Test
  void estimatesAWholeFileAsItsTraffic() {
    var random = new Random(3);
    var file = new ArrayList<PincodeLikelihoods>();
    for (int i = 0; i < 8_000; i++) file.add(random.nextDouble() < 0.25 ? SLIP : RIGHT);

    assertThat(WrongPincodes.estimate(file).slips()).isEqualTo(0.25);
    assertThat(WrongPincodes.estimate(List.of())).isEqualTo(WrongPincodes.prior());
  }

  @Test
  void takesThePredictionsOfManyThreadsAsThoseOfOne() throws Exception {
    int each = 1_000;
    var kinds = List.of(RIGHT, SLIP, NEAR, FARAWAY); // one for each thread
    var ofOne = new WrongPincodes(() -> configured, Clock.fixed(NOW, ZoneOffset.UTC), nanos::get);
    var pool = Executors.newFixedThreadPool(kinds.size());
    var begin = new CyclicBarrier(kinds.size());

    for (int i = 0; i < each; i++) kinds.forEach(ofOne::observe);
    try {
      var threads = new ArrayList<Future<?>>();
      for (var kind : kinds) {
        threads.add(
            pool.submit(
                () -> {
                  begin.await();
                  for (int i = 0; i < each; i++) wrong.observe(kind);
                  return null;
                }));
      }
      for (var thread : threads) thread.get(60, TimeUnit.SECONDS);
    } finally {
      pool.shutdownNow();
    }
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(5));
    ofOne.observe(RIGHT);
    wrong.observe(RIGHT);

    assertThat(wrong.errors()).isNotEqualTo(WrongPincodes.prior());
    assertThat(wrong.toJson()).isEqualTo(ofOne.toJson());
    assertThat(wrong.toJson().getInteger("observed")).isEqualTo(kinds.size() * each + 1);
  }

  private double estimate(String kind) {
    return wrong.toJson().getJsonObject("estimate").getDouble(kind);
  }

  /** Of the grid; a true share of 0 may show as its lowest values. */
  private static void assertWithinAStep(double share, double truth) {
    if (truth == 0) assertThat(share).isLessThanOrEqualTo(0.01);
    else assertThat(share / truth).isBetween(0.66, 1.5);
  }

  /** A hundred predictions a second. */
  private void observe(PincodeLikelihoods likelihoods) {
    nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(10));
    wrong.observe(likelihoods);
  }

  /** Predictions of which a share has a wrong pincode, evenly spread. */
  private void observe(int count, double truth, PincodeLikelihoods ofWrong) {
    double due = 0;
    for (int i = 0; i < count; i++) {
      due += truth;
      boolean isWrong = due >= 1;
      if (isWrong) due--;
      observe(isWrong ? ofWrong : RIGHT);
    }
  }

  /** Prefixes of 50 pincodes; words that name the CP of one of them, most of the time rightly. */
  private static final class World {
    private static final int PREFIXES = 396;
    private static final int PINCODES = 50; // of a prefix
    private static final double SURE = 0.8;

    private final Random random;
    private final List<Integer> pincodes = new ArrayList<>(); // those of a prefix together
    private final Set<Integer> known = new HashSet<>();

    World(long seed) {
      random = new Random(seed);
      for (int prefix = 110; prefix < 110 + PREFIXES; prefix++) {
        var own = new HashSet<Integer>();
        while (own.size() < PINCODES) own.add(prefix * 1_000 + random.nextInt(1_000));
        pincodes.addAll(own);
      }
      known.addAll(pincodes);
    }

    List<PincodeLikelihoods> traffic(int count, double slips, double near, double far) {
      var traffic = new ArrayList<PincodeLikelihoods>();
      for (int i = 0; i < count; i++) {
        int truth = any();
        double kind = random.nextDouble();
        int given = truth;
        if (kind < slips) given = slipped(truth);
        else if (kind < slips + near) given = ofPrefix(truth);
        else if (kind < slips + near + far) given = any();
        int named = random.nextDouble() < SURE ? truth : ofPrefix(truth);
        traffic.add(likelihoods(named, given));
      }
      return traffic;
    }

    private PincodeLikelihoods likelihoods(int named, int given) {
      boolean within = given / 1_000 == named / 1_000 && known.contains(given);
      var from = new int[PincodeEvidence.SLIPS];
      int count = PincodeEvidence.slips(given, from);
      double slipped = 0;
      for (int i = 0; i < count; i++) {
        if (from[i] == named) slipped += SURE;
        boolean other = from[i] / 1_000 == named / 1_000 && known.contains(from[i]);
        if (other) slipped += (1 - SURE) / PINCODES;
      }
      double right = given == named ? SURE : 0;
      if (within) right += (1 - SURE) / PINCODES;
      return new PincodeLikelihoods(
          right,
          PincodeEvidence.slip(slipped),
          within ? PincodeEvidence.near(PINCODES) : 0,
          PincodeEvidence.far());
    }

    private int any() {
      return pincodes.get(random.nextInt(pincodes.size()));
    }

    private int ofPrefix(int pincode) {
      int first = pincodes.indexOf(pincode) / PINCODES * PINCODES;
      return pincodes.get(first + random.nextInt(PINCODES));
    }

    private int slipped(int pincode) {
      var slips = new int[PincodeEvidence.SLIPS];
      int count = PincodeEvidence.slips(pincode, slips);
      return slips[random.nextInt(count)];
    }
  }
}
