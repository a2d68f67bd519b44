package com.cpprediction.client;

import com.cpprediction.prediction.ServiceException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What became of one shipment of a batch: one of the two is null.
 *
 * @param answer its prediction
 * @param failure why there is none
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
