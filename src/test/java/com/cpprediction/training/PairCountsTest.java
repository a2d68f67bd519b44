package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PairCountsTest {
  @Test
  void countsKeysInAnyOrder() {
    var expected = new int[200_000]; // by key
    var pairs = new PairCounts(Integer.MAX_VALUE);
    var random = new SplittableRandom(1);
    for (int i = 0; i < 3_000_000; i++) {
      int key = random.nextInt(expected.length);
      expected[key]++;
      pairs.add(key);
    }

    assertThat(expected).doesNotContain(0);
    assertThat(pairs.keys()).isEqualTo(LongStream.range(0, expected.length).toArray());
    assertThat(pairs.counts()).isEqualTo(expected);
    assertThat(pairs.dropped()).isFalse();
  }

  @Test
  void addsCountsToThoseThereAre() {
    var pairs = new PairCounts(Integer.MAX_VALUE);
    pairs.add(5);
    pairs.add(new long[] {1, 5, 9}, new int[] {2, 3, 4});
    pairs.add(9);

    assertThat(pairs.keys()).containsExactly(1, 5, 9);
    assertThat(pairs.counts()).containsExactly(2, 4, 5);
  }

  @Test
  void saturates() {
    var pairs = new PairCounts(Integer.MAX_VALUE);
    pairs.add(new long[] {1}, new int[] {Integer.MAX_VALUE});
    pairs.add(1);

    assertThat(pairs.counts()).containsExactly(Integer.MAX_VALUE);
  }

  @Test
  void dropsKeysCountedOnceAboveItsBound() {
    var pairs = new PairCounts(3);
    pairs.add(new long[] {1, 2, 3}, new int[] {2, 1, 7});
    pairs.add(4);

    assertThat(pairs.keys()).containsExactly(1, 3);
    assertThat(pairs.dropped()).isTrue();
  }

  /** Each time the buffer is full, a key may lose one; the frequent ones lose nothing. */
  @Test
  void keepsFrequentKeysAboveItsBound() {
    var expected = new HashMap<Long, Integer>();
    var pairs = new PairCounts(10_000);
    var random = new SplittableRandom(2);
    for (int i = 0; i < 3_500_000; i++) {
      long key = i % 4 == 0 ? random.nextLong(1_000) : 1_000 + random.nextLong(1L << 40);
      expected.merge(key, 1, Integer::sum);
      pairs.add(key);
    }

    assertThat(pairs.dropped()).isTrue();
    assertThat(pairs.keys().length).isLessThanOrEqualTo(10_000);
    var read = new HashMap<Long, Integer>();
    for (int i = 0; i < pairs.keys().length; i++) read.put(pairs.keys()[i], pairs.counts()[i]);
    for (long key = 0; key < 1_000; key++) {
      assertThat(read.get(key)).as("key %d", key).isEqualTo(expected.get(key));
    }
    read.forEach((key, count) -> assertThat(count).isLessThanOrEqualTo(expected.get(key)));
  }
}
