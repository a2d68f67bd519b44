package com.cpprediction.serving;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.CacheConfig;
import com.cpprediction.prediction.PincodeErrors;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Supplier;

/** Readers of shipments. */
final class TestReaders {
  private static final int MANY = 10_000;

  private TestReaders() {}

  /** One that reads each address anew. */
  static ShipmentReader shipments(Supplier<PincodeErrors> wrongPincodes) {
    return shipments(wrongPincodes, cache(false));
  }

  static ShipmentReader shipments(Supplier<PincodeErrors> wrongPincodes, PredictionCache cache) {
    return new ShipmentReader(Clock.systemUTC(), wrongPincodes, cache.addresses());
  }

  static PredictionCache cache(boolean enabled) {
    return new PredictionCache(
        new CacheConfig(enabled, MANY, Duration.ofHours(1), 0), new SimpleMeterRegistry());
  }
}
