package com.cpprediction.config;

import java.util.List;
import java.util.Map;

/** {@code auth.callers}. Immutable. */
public record CallerList(List<CallerConfig> all) {
  public CallerList {
    all = List.copyOf(all);
  }

  /**
   * @param items as {@link ConfigKey#normal} makes them
   */
  static CallerList of(List<?> items) {
    return new CallerList(items.stream().map(item -> CallerConfig.of((Map<?, ?>) item)).toList());
  }
}
