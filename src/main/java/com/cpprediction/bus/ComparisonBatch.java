package com.cpprediction.bus;

import com.cpprediction.prediction.ShadowComparison;
import java.util.List;

/** Comparisons to store; sent within this process only. */
public record ComparisonBatch(List<ShadowComparison> comparisons) {
  public ComparisonBatch {
    comparisons = List.copyOf(comparisons);
  }
}
