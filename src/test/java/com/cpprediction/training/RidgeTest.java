package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.model.format.Evidence;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.PrefixIndex;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RidgeTest {
  private static final double LAMBDA = 0.5;

  private static PrefixRows data;
  private static List<PrefixRows.Row> rows;
  private static int cps;
  private static PrefixIndex index;
  private static Ridge ridge;
  private static double[][] kernel;

  @BeforeAll
  static void solve() {
    data = SmallRelease.data("180");
    rows = data.rows();
    cps = data.cps().size();
    var writer = IndexBuilder.build(data);
    var bare = new PrefixIndex(ModelFile.of(writer.toBytes()));
    ridge = new Ridge(data, bare);
    ridge.putInto(writer);
    index = new PrefixIndex(ModelFile.of(writer.toBytes()));
    kernel = new double[rows.size()][rows.size()];
    var features = new Features();
    for (int i = 0; i < rows.size(); i++) {
      var similarity = features.similarities(index, rows.get(i).text());
      for (int j = 0; j < rows.size(); j++) kernel[i][j] = similarity[j];
      kernel[i][i] = 2; // words and characters, each wholly similar to itself
    }
  }

  /** The address rows of each group, largest first. */
  private static List<List<Integer>> groups() {
    return IntStream.range(0, data.addresses().size())
        .boxed()
        .collect(Collectors.groupingBy(row -> rows.get(row).group()))
        .values()
        .stream()
        .sorted(
            Comparator.<List<Integer>>comparingInt(List::size)
                .reversed()
                .thenComparing(group -> group.get(0)))
        .toList();
  }

  @Test
  void leaveGroupOutScoresEqualThoseOfARidgeTrainedWithoutTheGroup() {
    var groups = groups();
    assertThat(groups.get(0)).hasSizeGreaterThan(2);
    assertThat(groups.get(groups.size() - 1)).hasSize(1);
    var some = List.of(groups.get(0), groups.get(1), groups.get(20), groups.get(groups.size() - 1));

    for (var group : some) {
      var kept = keptWithout(group);
      var weights = solve(kept);
      for (int row : group) {
        var without = ridge.without(row);
        for (int cp = 0; cp < cps; cp++) {
          double expected = 0;
          for (int i = 0; i < kept.length; i++) expected += kernel[row][kept[i]] * weights[i][cp];
          assertThat((double) without.ridge(cp, new float[0])).isCloseTo(expected, within(1e-4));
        }
      }
    }
  }

  @Test
  void normsAndCountsWithoutAGroupAreThoseOfTheOtherRows() {
    for (var group : groups()) {
      int row = group.get(0);
      var kept = keptWithout(group);
      var evidence = ridge.without(row);

      for (int i = 0; i < rows.size(); i++) {
        assertThat(evidence.leavesOut(i)).isEqualTo(group.contains(i));
      }
      for (int cp = 0; cp < cps; cp++) {
        assertThat((double) evidence.cpNorm(cp)).isCloseTo(norm(kept, cp), within(1e-3));
        assertThat(evidence.cpRows(cp)).isEqualTo(addresses(kept, cp));
      }
    }
  }

  @Test
  void countsByPincodeWithoutAGroupAreThoseOfTheOtherRows() {
    int entries = entries();
    for (var group : groups()) {
      var kept = keptWithout(group);
      var evidence = ridge.without(group.get(0));

      for (int entry = 0; entry < entries; entry++) {
        int cp = index.pincodeCp(entry);
        int pincode = index.pincodeOf(entry);
        assertThat(evidence.pincodeRows(entry))
            .isEqualTo(
                (int)
                    IntStream.of(kept)
                        .filter(i -> i < data.addresses().size())
                        .filter(i -> rows.get(i).cp() == cp && rows.get(i).pincode() == pincode)
                        .count());
      }
    }
  }

  @Test
  void theWholeIndexHasTheNormsAndCountsOfAllRows() {
    var all = IntStream.range(0, rows.size()).toArray();
    var whole = index.whole();

    for (int cp = 0; cp < cps; cp++) {
      assertThat((double) whole.cpNorm(cp)).isCloseTo(norm(all, cp), within(1e-3));
      assertThat(whole.cpRows(cp)).isEqualTo(addresses(all, cp));
    }
    assertThat(IntStream.range(0, entries()).map(whole::pincodeRows).sum())
        .isEqualTo(data.addresses().size());
  }

  @Test
  void storedWeightsAreWithinHalfAStepOfTheExactOnes() {
    var all = IntStream.range(0, rows.size()).toArray();
    var exact = solve(all);
    var whole = index.whole();
    for (int cp = 0; cp < cps; cp++) {
      int column = cp;
      double step = IntStream.of(all).mapToDouble(i -> Math.abs(exact[i][column])).max().orElse(0);
      step /= Byte.MAX_VALUE;
      for (int row : all) {
        assertThat((double) stored(whole, row, cp))
            .isCloseTo(exact[row][cp], within(step / 2 + 1e-4));
      }
    }
  }

  /** Weight of one row: score of an address that is similar to this row only. */
  private static float stored(Evidence whole, int row, int cp) {
    var similarity = new float[rows.size()];
    similarity[row] = 1;
    return whole.ridge(cp, similarity);
  }

  private static int[] keptWithout(List<Integer> group) {
    return IntStream.range(0, rows.size()).filter(i -> !group.contains(i)).toArray();
  }

  private static double norm(int[] kept, int cp) {
    double square = 0;
    for (int i : kept) {
      if (rows.get(i).cp() != cp) continue;
      for (int j : kept) if (rows.get(j).cp() == cp) square += kernel[i][j];
    }
    return Math.sqrt(square);
  }

  private static int addresses(int[] kept, int cp) {
    return (int)
        IntStream.of(kept)
            .filter(i -> i < data.addresses().size() && rows.get(i).cp() == cp)
            .count();
  }

  private static int entries() {
    var pairs = data.addresses().stream().map(row -> List.of(row.pincode(), row.cp()));
    var owned = IntStream.range(0, cps).mapToObj(cp -> List.of(data.cpPincode()[cp], cp));
    return (int) Stream.concat(pairs, owned).distinct().count();
  }

  /** (K + λI)⁻¹ Y over the rows {@code kept}, by Gaussian elimination. */
  private static double[][] solve(int[] kept) {
    int n = kept.length;
    var a = new double[n][n + cps];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) a[i][j] = kernel[kept[i]][kept[j]] + (i == j ? LAMBDA : 0);
      a[i][n + rows.get(kept[i]).cp()] = 1;
    }
    for (int p = 0; p < n; p++) { // positive definite: no pivoting needed
      for (int i = 0; i < n; i++) {
        if (i == p || a[i][p] == 0) continue;
        double factor = a[i][p] / a[p][p];
        for (int j = p; j < n + cps; j++) a[i][j] -= factor * a[p][j];
      }
    }
    var solution = new double[n][cps];
    for (int i = 0; i < n; i++) {
      for (int cp = 0; cp < cps; cp++) solution[i][cp] = a[i][n + cp] / a[i][i];
    }
    return solution;
  }
}
