package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.training.SmallRelease;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class WorkloadTest {
  private static final List<AddressRow> POPULAR =
      IntStream.range(0, 10).mapToObj(i -> new AddressRow("place " + i, "56000" + i)).toList();

  private final Workload workload = new Workload(POPULAR, 0.8, 1);

  @Test
  void theSameSeedGivesTheSameAddresses() {
    var again = new Workload(POPULAR, 0.8, 1);
    var other = new Workload(POPULAR, 0.8, 2);

    assertThat(first(workload)).isEqualTo(first(again)).isNotEqualTo(first(other));
  }

  private static List<AddressRow> first(Workload workload) {
    return LongStream.range(0, 50).mapToObj(workload::at).toList();
  }

  @Test
  void consecutiveAddressesAreIndependent() {
    var even = new Workload(POPULAR, 0.3, 0);
    var behindTheFirst =
        LongStream.range(0, 100_000)
            .filter(i -> even.at(i).equals(POPULAR.get(0)))
            .mapToObj(i -> even.at(i + 1))
            .toList();

    long again = behindTheFirst.stream().filter(POPULAR::contains).count();

    assertThat((double) again / behindTheFirst.size()).isCloseTo(0.3, within(0.03));
  }

  @Test
  void repeatsTheGivenShare() {
    long again = LongStream.range(0, 100_000).filter(i -> POPULAR.contains(workload.at(i))).count();

    assertThat(again / 100_000.0).isCloseTo(0.8, within(0.01));
  }

  @Test
  void popularAddressesFollowZipfsLaw() {
    double harmonic = IntStream.rangeClosed(1, 10).mapToDouble(i -> 1.0 / i).sum();

    for (int rank : new int[] {0, 1, 9}) {
      long count =
          LongStream.range(0, 100_000)
              .filter(i -> workload.at(i).equals(POPULAR.get(rank)))
              .count();
      assertThat(count / 80_000.0).isCloseTo(1 / harmonic / (rank + 1), within(0.01));
    }
  }

  @Test
  void otherAddressesOccurOnceAndKeepTheirPlace() {
    var once = new HashSet<String>();

    LongStream.range(0, 10_000)
        .mapToObj(workload::at)
        .filter(address -> !POPULAR.contains(address))
        .forEach(
            address -> {
              assertThat(once.add(address.address())).isTrue();
              assertThat(address.address()).endsWith("place " + address.pincode().charAt(5));
            });

    assertThat(once).hasSizeGreaterThan(1_500);
  }

  @Test
  void takesAddressesFromARelease() {
    var found = Workload.of(SmallRelease.directory(), 5, 1, 1);

    assertThat(found.popular()).hasSize(5).doesNotHaveDuplicates();
    assertThat(found.popular())
        .allSatisfy(
            address ->
                assertThat(SmallRelease.PREFIXES).contains(address.pincode().substring(0, 3)));
  }
}
