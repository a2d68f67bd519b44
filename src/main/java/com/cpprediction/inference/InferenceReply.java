package com.cpprediction.inference;

import com.cpprediction.serving.Item;
import com.cpprediction.serving.Reply;
import com.cpprediction.serving.Shipments;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The response to an inference request whose shipments were served. */
public final class InferenceReply implements Reply {
  private final InferenceModel model;
  private final InferenceRequest request;
  private final Shipments served;
  private @Nullable Document document; // once the response is one of REST

  /**
   * @param binary the bytes that follow {@code json}
   */
  private record Document(JsonObject json, byte[] binary) {}

  /**
   * @param served the shipments of {@code request}
   */
  public InferenceReply(InferenceModel model, InferenceRequest request, Shipments served) {
    this.model = model;
    this.request = request;
    this.served = served;
  }

  /** The model that has served it. */
  public InferenceModel model() {
    return model;
  }

  /** The id of the caller; absent where there was none. */
  public @Nullable String id() {
    return request.id();
  }

  /** Its shipments, in the order of the request. */
  public List<Item> items() {
    return served.items();
  }

  /** The requested outputs, in the order of the request. */
  public List<Tensor> outputs() {
    return request.outputs().stream().map(this::tensor).toList();
  }

  private Tensor tensor(OutputTensor output) {
    var items = served.items();
    var elements = new ArrayList<Object>(items.size() * output.width());
    for (var item : items) {
      for (int at = 0; at < output.width(); at++) elements.add(element(output, item, at));
    }
    var shape =
        output.columns() == 0 ? List.of(items.size()) : List.of(items.size(), output.columns());
    return new Tensor(output, shape, elements);
  }

  private static Object element(OutputTensor output, Item item, int at) {
    var prediction = item.prediction();
    if (prediction != null) return output.of(prediction, at);
    if (output == OutputTensor.SHIPMENT_ID && item.shipmentId() != null) return item.shipmentId();
    var failure = item.failure();
    return output == OutputTensor.ERROR && failure != null
        ? failure.failure().slug()
        : output.none();
  }

  @Override
  public JsonObject json() {
    return document().json;
  }

  @Override
  public byte[] binary() {
    return document().binary;
  }

  private Document document() {
    if (document == null) document = newDocument();
    return document;
  }

  private Document newDocument() {
    var outputs = new JsonArray();
    var binary = Buffer.buffer();
    for (var tensor : outputs()) {
      var output =
          new JsonObject()
              .put("name", tensor.name())
              .put("shape", new JsonArray(tensor.shape()))
              .put("datatype", tensor.datatype().name());
      if (request.binary().contains(tensor.output())) {
        var bytes = RawTensors.bytes(tensor);
        output.put("parameters", new JsonObject().put(InferenceRequest.SIZE, bytes.length));
        binary.appendBytes(bytes);
      } else {
        output.put("data", new JsonArray(tensor.elements()));
      }
      outputs.add(output);
    }
    var json =
        new JsonObject().put("model_name", model.name()).put("model_version", model.version());
    if (request.id() != null) json.put("id", request.id());
    return new Document(json.put("outputs", outputs), binary.getBytes());
  }

  @Override
  public String servedBy() {
    return served.servedBy();
  }
}
