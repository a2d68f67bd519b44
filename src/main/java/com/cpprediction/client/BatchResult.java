package com.cpprediction.client;

import com.cpprediction.prediction.ServiceException;

/**
 * What became of one shipment of a batch: one of the two is null.
 *
 * @param answer its prediction
 * @param failure why there is none
 */
public record BatchResult(Answer answer, ServiceException failure) {
  /**
   * @throws ServiceException the failure, where there is one
   */
  public Answer orThrow() {
    if (failure != null) throw failure;
    return answer;
  }
}
