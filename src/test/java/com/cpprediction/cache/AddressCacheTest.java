package com.cpprediction.cache;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.CacheConfig;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.TypedAddress;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AddressCacheTest {
  private static final Duration TTL = Duration.ofMinutes(1);
  private static final PincodeErrors ERRORS = PincodeErrors.of(0.01);
  private static final TypedAddress KEY = new TypedAddress("MG Road", "560017");

  private final AtomicLong now = new AtomicLong();
  private final PredictionCache scores =
      new PredictionCache(config(true, 100), new SimpleMeterRegistry(), now::get);
  private final AddressCache cache = scores.addresses();

  private static CacheConfig config(boolean enabled, int size) {
    return new CacheConfig(enabled, size, TTL, 0);
  }

  private static AddressCache.Entry entry(String typed) {
    var address = Address.of(typed, "560017");
    return new AddressCache.Entry(address, Hypotheses.certain("560", address, ERRORS), 7);
  }

  @Test
  void keepsAnEntryForAsLongAsScores() {
    cache.put(KEY, entry("MG Road"));

    assertThat(cache.get(new TypedAddress("MG Road", "560017"))).isNotNull();
    assertThat(cache.get(new TypedAddress("MG Road", null))).isNull();
    now.addAndGet(TTL.toNanos());
    assertThat(cache.get(KEY)).isNull();
  }

  @Test
  void anEntryIsOfOneGenerationAndOneEstimateOfWrongPincodes() {
    var entry = entry("MG Road");

    assertThat(entry.isOf(7, PincodeErrors.of(0.01))).isTrue();
    assertThat(entry.isOf(8, ERRORS)).isFalse();
    assertThat(entry.isOf(7, PincodeErrors.of(0.02))).isFalse();
  }

  @Test
  void keepsNoLongAddress() {
    var longest = "a".repeat(AddressCache.LONGEST);
    var expanding = "\ufdfa".repeat(20); // 18 characters each

    assertThat(cache.keeps(longest)).isTrue();
    assertThat(cache.keeps(longest + "a")).isFalse();
    assertThat(cache.keeps(expanding)).isTrue();
    cache.put(new TypedAddress(expanding, null), entry(expanding));
    assertThat(cache.size()).isZero();
  }

  @Test
  void isClearedWithTheScores() {
    cache.put(KEY, entry("MG Road"));

    scores.clear();

    assertThat(cache.get(KEY)).isNull();
  }

  @Test
  void hasTheSizeAndTheSwitchOfTheScores() {
    for (int i = 0; i < 100; i++) cache.put(new TypedAddress("Road " + i, null), entry("Road"));
    assertThat(cache.size()).isEqualTo(100);

    scores.apply(config(true, 10));
    assertThat(cache.size()).isEqualTo(10);

    scores.apply(config(false, 10));
    assertThat(cache.size()).isZero();
    assertThat(cache.keeps("MG Road")).isFalse();

    scores.apply(config(true, 10));
    assertThat(cache.keeps("MG Road")).isTrue();
  }
}
