package com.cpprediction.inference;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.ShipmentReader;
import com.cpprediction.serving.TypedShipment;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An inference request.
 *
 * @param id of the caller, to be returned; absent where there was none
 * @param shipments 1 to 1,000
 * @param outputs what to return, in the order of the request
 */
public record InferenceRequest(
    @Nullable String id, List<TypedShipment> shipments, List<OutputTensor> outputs) {
  private static final Set<String> FIELDS = Set.of("id", "parameters", "inputs", "outputs");
  private static final Set<String> INPUT_FIELDS =
      Set.of("name", "shape", "datatype", "parameters", "data");
  private static final Set<String> OUTPUT_FIELDS = Set.of("name", "parameters");

  public InferenceRequest {
    shipments = List.copyOf(shipments);
    outputs = List.copyOf(outputs);
  }

  /**
   * Reads the body of a request.
   *
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} with what to send instead
   */
  public static InferenceRequest read(JsonObject body) {
    checkFields(body, FIELDS);
    var id = text(body, "id", "id");
    var inputs = array(body, "inputs");
    if (inputs == null) throw malformed("inputs must be an array of tensors");
    var columns = new EnumMap<InputTensor, List<String>>(InputTensor.class);
    for (var one : inputs) addInput(one, columns);
    return new InferenceRequest(id, shipments(columns), outputs(array(body, "outputs")));
  }

  private static void addInput(@Nullable Object one, Map<InputTensor, List<String>> columns) {
    if (!(one instanceof JsonObject tensor)) throw malformed("An input must be a JSON object");
    checkFields(tensor, INPUT_FIELDS);
    var name = text(tensor, "name", "The name of an input");
    var input = input(name);
    if (!Datatype.BYTES.name().equals(tensor.getValue("datatype"))) {
      throw malformed("Input %s must have the datatype BYTES".formatted(name));
    }
    var elements = new ArrayList<String>();
    var data = array(tensor, "data");
    if (data == null) throw malformed("Input %s must have data, an array".formatted(name));
    flatten(data, elements, input.label());
    int count = count(array(tensor, "shape"), input.label());
    if (elements.size() != count) {
      throw malformed(
          "Input %s has %d elements, and its shape says %d"
              .formatted(name, elements.size(), count));
    }
    if (columns.put(input, elements) != null) {
      throw malformed("Input %s is there twice".formatted(name));
    }
  }

  private static InputTensor input(@Nullable String name) {
    for (var input : InputTensor.values()) if (input.label().equals(name)) return input;
    throw malformed(
        "There is no input \"%s\"; a model takes %s"
            .formatted(
                name,
                Arrays.stream(InputTensor.values())
                    .map(InputTensor::label)
                    .collect(Collectors.joining(", "))));
  }

  /** Elements of a tensor of shape {@code [n]} or {@code [n,1]}. */
  private static int count(@Nullable JsonArray shape, String name) {
    boolean column =
        shape != null && shape.size() == 2 && Integer.valueOf(1).equals(shape.getValue(1));
    if (shape != null
        && (shape.size() == 1 || column)
        && shape.getValue(0) instanceof Integer count
        && count >= 1
        && count <= PredictionService.MAX_BATCH) {
      return count;
    }
    throw malformed(
        "Input %s must have the shape [n] or [n,1], with n from 1 to %d"
            .formatted(name, PredictionService.MAX_BATCH));
  }

  /** Elements of nested arrays in row-major order. */
  private static void flatten(JsonArray data, List<String> elements, String name) {
    for (int i = 0; i < data.size(); i++) {
      var value = data.getValue(i);
      if (value instanceof String text) elements.add(text);
      else if (value instanceof JsonArray row) flatten(row, elements, name);
      else throw malformed("Elements of input %s must be strings".formatted(name));
    }
  }

  private static List<TypedShipment> shipments(Map<InputTensor, List<String>> columns) {
    var addresses = columns.get(InputTensor.ADDRESS);
    if (addresses == null) throw malformed("The input address is missing");
    columns.forEach(
        (input, elements) -> {
          if (elements.size() == addresses.size()) return;
          throw malformed(
              "Input %s has %d elements, and address has %d"
                  .formatted(input.label(), elements.size(), addresses.size()));
        });
    var shipments = new ArrayList<TypedShipment>(addresses.size());
    for (int i = 0; i < addresses.size(); i++) {
      var predictionId = element(columns, InputTensor.PREDICTION_ID, i);
      if (predictionId == null) predictionId = PredictionIds.next().toString();
      var shipmentId = element(columns, InputTensor.SHIPMENT_ID, i);
      shipments.add(
          new TypedShipment(
              shipmentId == null ? predictionId : shipmentId,
              addresses.get(i),
              element(columns, InputTensor.PINCODE, i),
              predictionId));
    }
    return shipments;
  }

  private static @Nullable String element(
      Map<InputTensor, List<String>> columns, InputTensor input, int at) {
    var elements = columns.get(input);
    return elements == null || elements.get(at).isBlank() ? null : elements.get(at);
  }

  private static List<OutputTensor> outputs(@Nullable JsonArray wanted) {
    if (wanted == null || wanted.isEmpty()) return List.of(OutputTensor.values());
    var outputs = new ArrayList<OutputTensor>();
    for (var one : wanted) {
      if (!(one instanceof JsonObject output)) throw malformed("An output must be a JSON object");
      checkFields(output, OUTPUT_FIELDS);
      outputs.add(output(text(output, "name", "The name of an output")));
    }
    if (EnumSet.copyOf(outputs).size() < outputs.size()) {
      throw malformed("An output is requested twice");
    }
    return outputs;
  }

  private static OutputTensor output(@Nullable String name) {
    for (var output : OutputTensor.values()) if (output.label().equals(name)) return output;
    throw malformed(
        "There is no output \"%s\"; a model gives %s"
            .formatted(
                name,
                Arrays.stream(OutputTensor.values())
                    .map(OutputTensor::label)
                    .collect(Collectors.joining(", "))));
  }

  private static void checkFields(JsonObject json, Set<String> known) {
    ShipmentReader.onlyKnown(json, known);
    var parameters = json.getValue("parameters");
    if (parameters != null && !(parameters instanceof JsonObject)) {
      throw malformed("parameters must be a JSON object");
    }
  }

  private static @Nullable String text(JsonObject json, String field, String what) {
    var value = json.getValue(field);
    if (value == null || value instanceof String) return (String) value;
    throw malformed(what + " must be a string");
  }

  private static @Nullable JsonArray array(JsonObject json, String field) {
    var value = json.getValue(field);
    if (value == null || value instanceof JsonArray) return (JsonArray) value;
    throw malformed(field + " must be an array");
  }

  private static ServiceException malformed(String detail) {
    return Failure.MALFORMED_REQUEST.because(detail);
  }
}
