package com.cpprediction.ablation;

import java.util.List;

/**
 * Comparison of one variant with another.
 *
 * @param path where the summary in the JSON report holds its ratios
 * @param label in charts
 * @param change of the configuration, such as {@code cache.enabled: false → true}; empty for none
 *     to name
 * @param tested id of the variant in the numerator of ratios
 * @param baseline id of the variant in the denominator
 */
record Contrast(List<String> path, String label, String change, String tested, String baseline) {
  /** Label with the change of the configuration. */
  String title() {
    return change.isEmpty() ? label : "%s (%s)".formatted(label, change);
  }

  /** Last element of the path: the id of an optimisation, where one is tested. */
  String key() {
    return path.get(path.size() - 1);
  }
}
