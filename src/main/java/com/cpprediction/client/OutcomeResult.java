package com.cpprediction.client;

import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.Verdict;
import io.vertx.core.json.JsonObject;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Result of one reported {@link Outcome}: either {@code verdict} or {@code failure} is null.
 *
 * @param verdict comparison with the prediction of the shipment
 * @param predicted the predicted CP, null where no prediction is stored
 * @param model prefix and version of the predicting model, null where no prediction is stored
 * @param failure reason for rejecting the outcome
 */
public record OutcomeResult(
    @Nullable Verdict verdict,
    @Nullable String predicted,
    @Nullable String model,
    @Nullable ServiceException failure) {
  /**
   * @throws ServiceException the failure, where there is one
   */
  public Verdict orThrow() {
    if (failure != null) throw failure;
    return Objects.requireNonNull(verdict);
  }

  static OutcomeResult of(JsonObject result) {
    return new OutcomeResult(
        Verdict.of(result.getString("result")),
        result.getString("predicted"),
        result.getString("model"),
        null);
  }
}
