package com.cpprediction.http;

import com.cpprediction.grpc.InferenceBackend;
import com.cpprediction.inference.InferenceModel;
import com.cpprediction.inference.InferenceReply;
import com.cpprediction.inference.InferenceRequest;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.HealthReport;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.Shipments;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The Open Inference Protocol, version 2, whatever its requests come by. Confined to one event
 * loop, except {@link #read}.
 */
final class Inferences implements InferenceBackend {
  private static final String SERVER = "cp-prediction-service";
  private static final String BINARY_TENSORS = "binary_tensor_data";

  private final PredictionService service;
  private final Supplier<ServingRelease> leases;
  private final CallerPincodes pincodes;
  private final OwnerDirectory owners;
  private final HealthReport health;
  private final String version;

  /** A request of a model, and its shipments. */
  record Inference(
      String name, @Nullable String version, InferenceRequest request, Shipments shipments) {
    /** The model that served it: that of the request, or of a release that came meanwhile. */
    InferenceModel model() {
      return InferenceModel.of(name, version, shipments.servedWith());
    }

    /** Number of its shipments. */
    int size() {
      return shipments.items().size();
    }

    /** Frees what it holds, where it is not served. */
    void discard() {
      shipments.close();
    }
  }

  /**
   * @param leases gives a lease on the models in force
   * @param version of this service
   */
  Inferences(
      PredictionService service,
      Supplier<ServingRelease> leases,
      CallerPincodes pincodes,
      OwnerDirectory owners,
      HealthReport health,
      String version) {
    this.service = service;
    this.leases = leases;
    this.pincodes = pincodes;
    this.owners = owners;
    this.health = health;
    this.version = version;
  }

  @Override
  public JsonObject server() {
    return new JsonObject()
        .put("name", SERVER)
        .put("version", version)
        .put("extensions", new JsonArray().add(BINARY_TENSORS));
  }

  @Override
  public boolean ready() {
    return health.notReady().isEmpty();
  }

  /** Fails with {@link Failure#NOT_READY} unless predictions can be made and kept. */
  void checkReady() {
    var reasons = health.notReady();
    if (!reasons.isEmpty()) throw Failure.NOT_READY.because("Not ready: " + reasons);
  }

  @Override
  public InferenceModel model(String name, @Nullable String modelVersion) {
    try (var lease = leases.get()) {
      return InferenceModel.of(name, modelVersion, lease);
    }
  }

  @Override
  public boolean ready(String name, @Nullable String modelVersion) {
    try (var lease = leases.get()) {
      var prefix = InferenceModel.of(name, modelVersion, lease).prefix();
      return prefix == null
          || lease.here().contains(prefix)
          || !owners.of(prefix, lease.release()).isEmpty();
    }
  }

  /** Reads the shipments of a request for {@code caller}, on any thread. */
  Inference read(
      String name, @Nullable String modelVersion, InferenceRequest request, String caller) {
    try (var lease = leases.get()) {
      var prefix = InferenceModel.of(name, modelVersion, lease).prefix();
      var shipments =
          prefix == null
              ? service.batch(request.shipments(), pincodes.of(caller))
              : service.batch(request.shipments(), prefix, pincodes.of(caller));
      return new Inference(name, modelVersion, request, shipments);
    }
  }

  /** Serves a request; its only shipment fails it as a whole. */
  Future<InferenceReply> infer(Inference inference, Deadline deadline, String requestId) {
    var shipments = inference.shipments();
    return service
        .predictBatch(shipments, deadline, requestId)
        .map(
            served -> {
              var only = inference.size() == 1 ? shipments.items().get(0).failure() : null;
              if (only != null) throw only;
              return new InferenceReply(inference.model(), inference.request(), shipments);
            });
  }
}
