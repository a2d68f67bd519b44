package com.cpprediction.inference;

import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A model by its name in the protocol: {@value #ALL}, which finds the prefix itself, or a prefix,
 * whose model is asked whatever pincode an address has. Its version is the first eight digits of
 * the release's or the prefix's fingerprint.
 *
 * @param prefix absent for {@value #ALL}
 */
public record InferenceModel(String name, @Nullable String prefix, String version) {
  /** Name of the model of all prefixes. */
  public static final String ALL = "cp";

  private static final String PLATFORM = "cp_retrieve_and_rank";
  private static final int DIGITS = 8;

  /**
   * The model of a name.
   *
   * @param version absent for any
   * @throws ServiceException {@link Failure#NOT_FOUND} where the release has none, or another
   *     version of it
   */
  public static InferenceModel of(String name, @Nullable String version, ServingRelease lease) {
    var model =
        name.equals(ALL)
            ? new InferenceModel(ALL, null, digits(lease.release()))
            : ofPrefix(name, lease);
    if (version == null || version.equals(model.version)) return model;
    throw Failure.NOT_FOUND.because("Model %s has version %s only".formatted(name, model.version));
  }

  private static InferenceModel ofPrefix(String prefix, ServingRelease lease) {
    if (!lease.prefixes().contains(prefix)) {
      throw Failure.NOT_FOUND.because(
          "There is no such model; the models are cp and the prefixes of the release");
    }
    // Empty where only other nodes know it.
    var fingerprint = Objects.requireNonNullElse(lease.fingerprints().get(prefix), "");
    return new InferenceModel(prefix, prefix, digits(fingerprint));
  }

  private static String digits(String fingerprint) {
    return fingerprint.substring(0, Math.min(DIGITS, fingerprint.length()));
  }

  /** Its metadata as over REST. */
  public JsonObject metadata() {
    var inputs = new JsonArray();
    for (var input : InputTensor.values()) {
      inputs.add(tensor(input.label(), Datatype.BYTES, List.of(-1)));
    }
    var outputs = new JsonArray();
    for (var output : OutputTensor.values()) {
      var shape = output.columns() == 0 ? List.of(-1) : List.of(-1, output.columns());
      outputs.add(tensor(output.label(), output.datatype(), shape));
    }
    return new JsonObject()
        .put("name", name)
        .put("versions", new JsonArray().add(version))
        .put("platform", PLATFORM)
        .put("inputs", inputs)
        .put("outputs", outputs);
  }

  private static JsonObject tensor(String name, Datatype datatype, List<Integer> shape) {
    return new JsonObject()
        .put("name", name)
        .put("datatype", datatype.name())
        .put("shape", new JsonArray(shape));
  }
}
