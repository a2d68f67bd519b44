package com.cpprediction.ablation;

import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.loadtest.RequestSource;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks that all variants return the same predictions as the first one. */
final class AnswerCheck {
  private final RequestSource requests;
  private final int addresses;
  private @Nullable List<String> expected; // null before the first check

  AnswerCheck(List<AddressRow> addresses) {
    this.addresses = addresses.size();
    requests = RequestSource.batches("check-", i -> addresses.get((int) (i % addresses.size())));
  }

  /**
   * Requests predictions for all addresses, in whole batches.
   *
   * @return number of predictions returned, all of which the service has to store
   * @throws AblationException when a prediction is missing or differs from the first variant's
   */
  long check(ServiceProcess service, Variant variant) throws InterruptedException {
    var predictions = new ArrayList<String>();
    for (int batch = 0; predictions.size() < addresses; batch++) {
      var body = requests.body().apply(batch);
      for (var result : service.post(requests.path(), body).getJsonArray("results")) {
        predictions.add(prediction((JsonObject) result, variant));
      }
    }
    if (expected == null) expected = predictions;
    long differ = 0;
    for (int i = 0; i < addresses; i++) if (!predictions.get(i).equals(expected.get(i))) differ++;
    if (differ == 0) return predictions.size();
    throw new AblationException(
        "%d of %d answers of \"%s\" differ from those of the first variant"
            .formatted(differ, addresses, variant.label()));
  }

  private static String prediction(JsonObject result, Variant variant) {
    if (!result.containsKey("cp")) {
      throw new AblationException(
          "\"%s\" does not answer an address: %s"
              .formatted(variant.label(), result.getJsonObject("error").getString("code")));
    }
    return "%s %s %s"
        .formatted(
            result.getString("cp"),
            result.getValue("confidence"),
            result.getJsonArray("alternatives"));
  }
}
