package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.PincodeCandidate.Cue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a reference that asks {@link PincodeEvidence} for every prefix and pincode. */
class PrefixWeightsTest {
  private static final int ROUNDS = 3_000;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void weighsPrefixesToTheBitAsPincodeByPincode(long seed) {
    var random = new Random(seed);
    var weights = new PrefixWeights();
    int corrected = 0;
    for (int round = 0; round < ROUNDS; round++) {
      var prefixes = prefixes(random);
      var chances = new PrefixChances(prefixes, probabilities(random, prefixes.size()));
      var pincodes = pincodes(random, prefixes);
      var existing = random.nextInt(10);
      var locator = locator(pincode -> pincode % 10 < existing);
      var errors = PincodeErrors.of(random.nextDouble() * 0.6);

      weights.read(locator, chances, pincodes, errors);

      var reference = new Reference(locator, chances, pincodes, errors);
      var served = served(random, prefixes, reference.likely().get(0).prefix());
      assertThat(weights.prefix(0)).isEqualTo(reference.likely().get(0).prefix());
      var hypotheses = weights.hypotheses(served);
      assertThat(hypotheses).isEqualTo(reference.hypotheses(served));
      if (!pincodes.isEmpty() && !isOfFirst(hypotheses, pincodes)) corrected++;
    }
    assertThat(corrected).isGreaterThan(ROUNDS / 20);
  }

  @Test
  void aTableFindsThePrefixesOfAPincodeAndThoseASlipAway() {
    var random = new Random(1);
    var slips = new int[PrefixTable.SLIPS];
    var errors = new int[PrefixTable.SLIPS];
    for (int round = 0; round < ROUNDS; round++) {
      var prefixes = prefixes(random);
      var table = new PrefixTable(prefixes);
      int pincode = pincode(random, prefixes);
      var own = new ArrayList<String>();
      var slipped = new TreeSet<String>();
      for (var prefix : prefixes) {
        if (PincodeEvidence.isOf(pincode, prefix)) own.add(prefix);
        else if (PincodeEvidence.slipIn(prefix, pincode) > 0) slipped.add(prefix);
      }
      own.sort((one, other) -> one.length() - other.length());

      int owners = table.of(pincode, slips);
      assertThat(Arrays.stream(slips, 0, owners).mapToObj(prefixes::get))
          .containsExactlyElementsOf(own);
      assertThat(table.longest(pincode))
          .isEqualTo(own.isEmpty() ? -1 : prefixes.indexOf(own.get(own.size() - 1)));
      int count = table.slips(pincode, slips, errors);
      assertThat(Arrays.stream(slips, 0, count).mapToObj(prefixes::get))
          .containsExactlyInAnyOrderElementsOf(slipped);
    }
  }

  private static boolean isOfFirst(Hypotheses hypotheses, List<PincodeCandidate> pincodes) {
    return PincodeEvidence.isOf(pincodes.get(0).pincode(), hypotheses.prefix());
  }

  /** Ascending as numbers, as of a national stage: some of one length, some of many. */
  private static List<String> prefixes(Random random) {
    var prefixes = new TreeSet<Integer>();
    boolean mixed = random.nextBoolean();
    int size = 1 + random.nextInt(300);
    for (int i = 0; i < size; i++) {
      int length = mixed ? 1 + random.nextInt(6) : 3;
      int first = (int) Math.pow(10, length - 1);
      prefixes.add(first + random.nextInt(9 * first));
    }
    return prefixes.stream().map(prefix -> Integer.toString(prefix)).toList();
  }

  private static double[] probabilities(Random random, int size) {
    var probabilities = new double[size];
    double sum = 0;
    for (int i = 0; i < size; i++) sum += probabilities[i] = Math.exp(-40 * random.nextDouble());
    for (int i = 0; i < size; i++) probabilities[i] /= sum;
    if (random.nextInt(4) == 0) probabilities[random.nextInt(size)] = 0;
    return probabilities;
  }

  private static List<PincodeCandidate> pincodes(Random random, List<String> prefixes) {
    var pincodes = new ArrayList<PincodeCandidate>();
    int count = random.nextInt(5);
    for (int j = 0; j < count; j++) {
      var cue = Cue.values()[random.nextInt(Cue.values().length)];
      pincodes.add(new PincodeCandidate(pincode(random, prefixes), cue, j));
    }
    return pincodes;
  }

  private static int pincode(Random random, List<String> prefixes) {
    var prefix = prefixes.get(random.nextInt(prefixes.size()));
    var digits = new StringBuilder(prefix);
    while (digits.length() < 6) digits.append(random.nextInt(10));
    int pincode = Integer.parseInt(digits.toString());
    return random.nextInt(4) == 0 ? 100_000 + random.nextInt(900_000) : pincode;
  }

  private static Set<String> served(Random random, List<String> prefixes, String likeliest) {
    var served = new HashSet<String>();
    served.add(likeliest);
    for (var prefix : prefixes) if (random.nextInt(3) > 0) served.add(prefix);
    return served;
  }

  private static Locator locator(java.util.function.IntPredicate exists) {
    return new Locator() {
      @Override
      public PrefixChances locate(String text) {
        throw new UnsupportedOperationException();
      }

      @Override
      public boolean isPincode(int pincode) {
        return exists.test(pincode);
      }
    };
  }

  private static final class Reference {
    private static final double LEAST = 0.01;

    private final PrefixChances chances;
    private final List<PincodeCandidate> pincodes;
    private final boolean[] exist;
    private final PincodeErrors errors;
    private final double[] words;
    private final double[] weights;
    private double total;

    Reference(
        Locator locator,
        PrefixChances chances,
        List<PincodeCandidate> pincodes,
        PincodeErrors errors) {
      this.chances = chances;
      this.pincodes = pincodes;
      this.errors = errors;
      exist = new boolean[pincodes.size()];
      for (int j = 0; j < exist.length; j++) {
        exist[j] = locator.isPincode(pincodes.get(j).pincode());
      }
      weights = chances.probabilities().clone();
      for (int i = 0; i < weights.length; i++) weights[i] = PrefixFit.weight(weights[i]);
      words = weights.clone();
      for (int i = 0; i < weights.length; i++) {
        for (int j = 0; j < exist.length; j++) weights[i] *= weight(i, j);
        total += weights[i];
      }
    }

    private double weight(int i, int j) {
      var prefix = chances.prefixes().get(i);
      var pincode = pincodes.get(j);
      double right = right(prefix, j);
      double slip = PincodeEvidence.slipIn(prefix, pincode.pincode());
      return PincodeEvidence.weight(pincode.cue(), right, slip, right, errors);
    }

    private double right(String prefix, int j) {
      return exist[j] ? PincodeEvidence.rightIn(prefix, pincodes.get(j).pincode()) : 0;
    }

    List<Located> likely() {
      var best = new ArrayList<Integer>(Hypotheses.MOST + 1);
      for (int i = 0; i < weights.length; i++) {
        if (!best.isEmpty() && weights[i] < LEAST * total) continue;
        int at = best.size();
        while (at > 0 && weights[best.get(at - 1)] < weights[i]) at--;
        best.add(at, i);
        if (best.size() > Hypotheses.MOST) best.remove(Hypotheses.MOST);
      }
      var likely = new ArrayList<Located>();
      for (int i : best) {
        if (likely.isEmpty() || weights[i] >= LEAST * total) {
          likely.add(new Located(chances.prefixes().get(i), words[i]));
        }
      }
      return likely;
    }

    Hypotheses hypotheses(Set<String> served) {
      var likely = likely();
      likely.removeIf(located -> !served.contains(located.prefix()));
      var chosen = likely.stream().map(Located::prefix).toList();
      double others = 0;
      var right = new double[pincodes.size()];
      for (int i = 0; i < weights.length; i++) {
        var prefix = chances.prefixes().get(i);
        if (chosen.contains(prefix)) continue;
        others += weights[i];
        for (int j = 0; j < right.length; j++) {
          double whenRight = right(prefix, j);
          if (whenRight == 0) continue;
          double part = PincodeEvidence.rightWeight(pincodes.get(j).cue(), whenRight, errors);
          right[j] += weights[i] * (part / weight(i, j));
        }
      }
      var othersRight = new ArrayList<Double>();
      for (double weight : right) othersRight.add(weight);
      return new Hypotheses(likely, others, othersRight, errors);
    }
  }
}
