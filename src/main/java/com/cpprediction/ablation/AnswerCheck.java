package com.cpprediction.ablation;

import com.cpprediction.prediction.Address;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** That an optimisation changes no answer: what the first state answered, all others must. */
final class AnswerCheck {
  private static final int BATCH = 100;

  private final List<Address> asked;
  private List<String> expected; // null before the first

  AnswerCheck(List<Address> asked) {
    this.asked = List.copyOf(asked);
  }

  /**
   * Asks a service for all addresses.
   *
   * @return predictions it answered, all of which it is to store
   * @throws AblationException when one is not answered, or not as by the first service
   */
  long check(ServiceProcess service, State state) throws InterruptedException {
    var answers = new ArrayList<String>();
    for (int from = 0; from < asked.size(); from += BATCH) {
      var body = body(asked.subList(from, Math.min(asked.size(), from + BATCH)), from);
      for (var result : service.post("/predict/batch", body).getJsonArray("results")) {
        answers.add(answer((JsonObject) result, state));
      }
    }
    if (expected == null) {
      expected = answers;
    } else {
      long differ = 0;
      for (int i = 0; i < asked.size(); i++) {
        if (!answers.get(i).equals(expected.get(i))) differ++;
      }
      if (differ > 0) {
        throw new AblationException(
            "%d of %d answers of \"%s\" differ from those of the first state"
                .formatted(differ, asked.size(), state.label()));
      }
    }
    return answers.size();
  }

  private static String answer(JsonObject result, State state) {
    if (!result.containsKey("cp")) {
      throw new AblationException(
          "\"%s\" does not answer an address: %s"
              .formatted(state.label(), result.getJsonObject("error").getString("code")));
    }
    return "%s %s %s"
        .formatted(
            result.getString("cp"),
            result.getValue("confidence"),
            result.getJsonArray("alternatives"));
  }

  /** A batch of addresses. */
  private static JsonObject body(List<Address> addresses, int from) {
    var shipments = new JsonArray();
    for (int i = 0; i < addresses.size(); i++) {
      shipments.add(shipment("check-" + (from + i), addresses.get(i)));
    }
    return new JsonObject().put("shipments", shipments);
  }

  /** One address as the service wants to be asked. */
  static JsonObject shipment(String id, Address address) {
    return new JsonObject()
        .put("shipment_id", id)
        .put("address", address.text())
        .put("pincode", address.pincode());
  }
}
