package com.cpprediction.inference;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.ShipmentReader;
import com.cpprediction.serving.TypedShipment;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An inference request.
 *
 * @param id of the caller, to be returned; absent where there was none
 * @param shipments 1 to 1,000
 * @param outputs what to return, in the order of the request
 * @param binary those of them that follow the JSON as bytes; none over gRPC
 */
public record InferenceRequest(
    @Nullable String id,
    List<TypedShipment> shipments,
    List<OutputTensor> outputs,
    Set<OutputTensor> binary) {
  private static final Set<String> FIELDS = Set.of("id", "parameters", "inputs", "outputs");
  private static final Set<String> INPUT_FIELDS =
      Set.of("name", "shape", "datatype", "parameters", "data");
  private static final Set<String> OUTPUT_FIELDS = Set.of("name", "parameters");

  /** Header with the bytes of the JSON, in requests and responses where others follow it. */
  public static final String JSON_LENGTH = "Inference-Header-Content-Length";

  /** Parameter of a tensor with the number of its bytes. */
  static final String SIZE = "binary_data_size";

  public InferenceRequest {
    shipments = List.copyOf(shipments);
    outputs = List.copyOf(outputs);
    binary = Set.copyOf(binary);
  }

  /**
   * An input as it came.
   *
   * @param shape dimensions; absent where there is no list
   * @param elements in row-major order, read once name, datatype and shape are those of an input
   */
  public record Input(
      @Nullable String name,
      @Nullable Object datatype,
      @Nullable List<?> shape,
      Supplier<List<String>> elements) {}

  /**
   * Reads the body of a request.
   *
   * @param bytes those that follow the JSON: of inputs with a size, in their order
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} with what to send instead
   */
  public static InferenceRequest read(JsonObject body, ByteBuffer bytes) {
    checkFields(body, FIELDS);
    var id = text(body, "id", "id");
    var inputs = array(body, "inputs");
    if (inputs == null) throw malformed("inputs must be an array of tensors");
    var columns = new EnumMap<InputTensor, List<String>>(InputTensor.class);
    for (var one : inputs) addInput(input(one, bytes), columns);
    if (bytes.hasRemaining()) {
      throw malformed(
          "%d bytes are left after those of the inputs; the %s of each must add up to all that follow the JSON"
              .formatted(bytes.remaining(), SIZE));
    }
    var outputs = outputs(outputNames(body));
    return new InferenceRequest(id, shipments(columns), outputs, binary(body, outputs));
  }

  /**
   * A request of these inputs.
   *
   * @param outputs names of the requested outputs; none for all
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} with what to send instead
   */
  public static InferenceRequest of(@Nullable String id, List<Input> inputs, List<String> outputs) {
    var columns = new EnumMap<InputTensor, List<String>>(InputTensor.class);
    for (var input : inputs) addInput(input, columns);
    return new InferenceRequest(id, shipments(columns), outputs(outputs), Set.of());
  }

  private static Input input(@Nullable Object one, ByteBuffer bytes) {
    if (!(one instanceof JsonObject tensor)) throw malformed("An input must be a JSON object");
    checkFields(tensor, INPUT_FIELDS);
    var name = text(tensor, "name", "The name of an input");
    var shape = array(tensor, "shape");
    return new Input(
        name,
        tensor.getValue("datatype"),
        shape == null ? null : shape.getList(),
        () -> elements(tensor, bytes, String.valueOf(name)));
  }

  private static List<String> elements(JsonObject tensor, ByteBuffer bytes, String name) {
    var data = array(tensor, "data");
    var size = parameter(tensor, SIZE);
    if ((data == null) == (size == null)) {
      throw malformed(
          "Input %s must have data, an array, or the parameter %s, and not both"
              .formatted(name, SIZE));
    }
    if (data == null) return RawTensors.texts(next(bytes, size, name), name);
    var elements = new ArrayList<String>();
    flatten(data, elements, name);
    return elements;
  }

  /** The next {@code size} of the bytes that follow the JSON. */
  private static ByteBuffer next(ByteBuffer bytes, @Nullable Object size, String name) {
    long count = dimension(size);
    if (count < 0 || count > bytes.remaining()) {
      throw malformed(
          "The %s of input %s must be a whole number up to %d: the bytes that are left after the JSON, which ends where the header %s says"
              .formatted(SIZE, name, bytes.remaining(), JSON_LENGTH));
    }
    var own = bytes.slice(bytes.position(), (int) count);
    bytes.position(bytes.position() + (int) count);
    return own;
  }

  private static void addInput(Input one, Map<InputTensor, List<String>> columns) {
    var input = input(one.name);
    var name = input.label();
    if (!Datatype.BYTES.name().equals(one.datatype)) {
      throw malformed("Input %s must have the datatype BYTES".formatted(name));
    }
    int count = count(one.shape, name);
    var elements = one.elements.get();
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
  private static int count(@Nullable List<?> shape, String name) {
    if (shape != null && (shape.size() == 1 || shape.size() == 2 && dimension(shape.get(1)) == 1)) {
      long count = dimension(shape.get(0));
      if (count >= 1 && count <= PredictionService.MAX_BATCH) return (int) count;
    }
    throw malformed(
        "Input %s must have the shape [n] or [n,1], with n from 1 to %d"
            .formatted(name, PredictionService.MAX_BATCH));
  }

  /** A dimension, -1 where it is no whole number. */
  private static long dimension(@Nullable Object value) {
    return value instanceof Integer || value instanceof Long ? ((Number) value).longValue() : -1;
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

  private static List<String> outputNames(JsonObject body) {
    var wanted = array(body, "outputs");
    if (wanted == null) return List.of();
    var names = new ArrayList<String>();
    for (var one : wanted) {
      if (!(one instanceof JsonObject output)) throw malformed("An output must be a JSON object");
      checkFields(output, OUTPUT_FIELDS);
      names.add(String.valueOf(text(output, "name", "The name of an output")));
    }
    return names;
  }

  private static Set<OutputTensor> binary(JsonObject body, List<OutputTensor> outputs) {
    boolean usually = flag(body, "binary_data_output", false);
    var named = array(body, "outputs");
    var binary = EnumSet.noneOf(OutputTensor.class);
    for (int i = 0; i < outputs.size(); i++) {
      var one = named == null || named.isEmpty() ? null : named.getJsonObject(i);
      if (one == null ? usually : flag(one, "binary_data", usually)) {
        binary.add(outputs.get(i));
      }
    }
    return binary;
  }

  private static boolean flag(JsonObject owner, String name, boolean otherwise) {
    var value = parameter(owner, name);
    if (value == null) return otherwise;
    if (value instanceof Boolean flag) return flag;
    throw malformed("The parameter %s must be true or false".formatted(name));
  }

  /** A parameter of {@code owner}, whose fields are checked. */
  private static @Nullable Object parameter(JsonObject owner, String name) {
    var parameters = owner.getJsonObject("parameters");
    return parameters == null ? null : parameters.getValue(name);
  }

  private static List<OutputTensor> outputs(List<String> names) {
    if (names.isEmpty()) return List.of(OutputTensor.values());
    var outputs = EnumSet.noneOf(OutputTensor.class);
    var inOrder = new ArrayList<OutputTensor>();
    for (var name : names) {
      var output = output(name);
      if (!outputs.add(output)) throw malformed("An output is requested twice");
      inOrder.add(output);
    }
    return inOrder;
  }

  private static OutputTensor output(String name) {
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
