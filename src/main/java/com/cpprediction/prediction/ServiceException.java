package com.cpprediction.prediction;

import com.cpprediction.common.UserFacingException;
import io.vertx.core.json.JsonObject;

/** A foreseen failure, with a message for the caller. Has no stack trace. */
public final class ServiceException extends UserFacingException {
  private final transient Failure failure;
  private final transient JsonObject members;

  ServiceException(Failure failure, String detail, JsonObject members) {
    super(detail, false);
    this.failure = failure;
    this.members = members;
  }

  /** Extension members of the problem document. */
  public JsonObject members() {
    return members.copy();
  }

  public Failure failure() {
    return failure;
  }
}
