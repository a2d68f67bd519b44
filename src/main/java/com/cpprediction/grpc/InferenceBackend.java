package com.cpprediction.grpc;

import com.cpprediction.inference.InferenceModel;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** The state of this node and its models. Confined to one event loop. */
public interface InferenceBackend {
  /** Name, version and extensions of the server, as over REST. */
  JsonObject server();

  /** Whether predictions can be made and kept. */
  boolean ready();

  /**
   * The model of a name.
   *
   * @param version absent for any
   * @throws com.cpprediction.prediction.ServiceException where there is none
   */
  InferenceModel model(String name, @Nullable String version);

  /**
   * Whether this node or another serves a model now.
   *
   * @param version absent for any
   * @throws com.cpprediction.prediction.ServiceException where there is no such model
   */
  boolean ready(String name, @Nullable String version);
}
