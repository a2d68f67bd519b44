package com.cpprediction.prediction;

import com.cpprediction.common.UserFacingException;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** A foreseen failure, with a message for the caller. Has no stack trace. */
public final class ServiceException extends UserFacingException {
  private final transient Failure failure;
  private final transient JsonObject members;
  private final transient @Nullable String shipmentId;

  ServiceException(Failure failure, String detail, JsonObject members) {
    this(failure, detail, members, null);
  }

  private ServiceException(
      Failure failure, String detail, JsonObject members, @Nullable String shipmentId) {
    super(detail, false);
    this.failure = failure;
    this.members = members;
    this.shipmentId = shipmentId;
  }

  /** The same failure, of a known shipment. */
  public ServiceException of(String id) {
    return new ServiceException(failure, String.valueOf(getMessage()), members, id);
  }

  /** The shipment that failed, where it is the only one and its id could be read. */
  public @Nullable String shipmentId() {
    return shipmentId;
  }

  /** Extension members of the problem document. */
  public JsonObject members() {
    return members.copy();
  }

  public Failure failure() {
    return failure;
  }
}
