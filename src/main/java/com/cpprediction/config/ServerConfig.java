package com.cpprediction.config;

import java.time.Duration;
import java.util.OptionalDouble;

/**
 * The process.
 *
 * @param warmUpMs duration of the warm-up in milliseconds; empty for that of {@link #warmUp}
 */
public record ServerConfig(OptionalDouble warmUpMs) {
  private static final int ALONE_MS = 500;

  /** Meanwhile other nodes serve. */
  private static final int CLUSTERED_MS = 2_000;

  /** Duration of the warm-up before the service accepts requests; zero for none. */
  public Duration warmUp(boolean clustered) {
    return Duration.ofMillis((long) warmUpMs.orElse(clustered ? CLUSTERED_MS : ALONE_MS));
  }
}
