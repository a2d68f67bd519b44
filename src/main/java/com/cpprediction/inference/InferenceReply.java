package com.cpprediction.inference;

import com.cpprediction.serving.Item;
import com.cpprediction.serving.Reply;
import com.cpprediction.serving.Shipments;
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
    return new Tensor(output.label(), output.datatype(), shape, elements);
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
    var outputs = new JsonArray();
    for (var tensor : outputs()) {
      outputs.add(
          new JsonObject()
              .put("name", tensor.name())
              .put("shape", new JsonArray(tensor.shape()))
              .put("datatype", tensor.datatype().name())
              .put("data", new JsonArray(tensor.elements())));
    }
    var json =
        new JsonObject().put("model_name", model.name()).put("model_version", model.version());
    if (request.id() != null) json.put("id", request.id());
    return json.put("outputs", outputs);
  }

  @Override
  public String servedBy() {
    return served.servedBy();
  }
}
