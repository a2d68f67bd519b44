package com.cpprediction.client;

import com.cpprediction.prediction.ServiceException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Result of one shipment of a batch: either {@code answer} or {@code failure} is null.
 *
 * @param answer the prediction
 * @param failure reason for a missing prediction
 */
public record BatchResult(@Nullable Answer answer, @Nullable ServiceException failure) {
  /**
   * @throws ServiceException the failure, where there is one
   */
  public Answer orThrow() {
    if (failure != null) throw failure;
    return Objects.requireNonNull(answer);
  }
}
