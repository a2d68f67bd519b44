package com.cpprediction.client;

import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.Verdict;
import io.vertx.core.json.JsonObject;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What became of one {@link Outcome} that was reported: one of {@code verdict} and {@code failure}
 * is null.
 *
 * @param verdict what the prediction of the shipment was worth
 * @param predicted the CP that was predicted, null where no prediction is stored
 * @param model prefix and version of the model that did, null where no prediction is stored
 * @param failure why it was not taken
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
