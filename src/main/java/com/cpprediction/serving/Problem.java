package com.cpprediction.serving;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonObject;
import java.util.Objects;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A failure as a caller sees it (RFC 9457), over HTTP and the event bus.
 *
 * @param detail what is wrong and what to do about it
 * @param members further members of the document
 */
public record Problem(Failure failure, String detail, JsonObject members) {
  public static final String CONTENT_TYPE = "application/problem+json";

  private static final Logger log = LoggerFactory.getLogger(Problem.class);
  private static final int MAX_DETAIL = 500;
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cntrl}\\p{Cs}]");
  private static final String HIDDEN = "Something unforeseen went wrong; the log says what";

  public
  Problem { // a detail may quote the caller: keep it short, and such that it can be written as JSON
    if (detail.length() > MAX_DETAIL) detail = detail.substring(0, MAX_DETAIL) + '…';
    detail = UNPRINTABLE.matcher(detail).replaceAll("?");
  }

  public static Problem of(Throwable cause) {
    var failure = Failure.of(cause);
    var members = cause instanceof ServiceException e ? e.members() : new JsonObject();
    return new Problem(failure, detail(failure, cause), members);
  }

  /**
   * Logs an unforeseen {@code cause}, and turns it into a known failure, which is not logged again.
   *
   * @param requestId of the request that fails; to be found in the log
   * @param what the part of the request that fails
   */
  public static ServiceException logged(Throwable cause, String requestId, String what) {
    var known = toServiceException(cause);
    if (known == cause || known.failure() != Failure.INTERNAL) return known;
    if (replied(cause)) { // its stack trace is where it happened
      log.error("Cannot answer request {}: {}: {}", requestId, what, cause.getMessage());
    } else {
      log.error("Cannot answer request {}: {}", requestId, what, cause);
    }
    return known;
  }

  /** {@code cause} as a known failure; logs nothing. */
  public static ServiceException toServiceException(Throwable cause) {
    if (cause instanceof ServiceException e) return e;
    var problem = of(cause);
    return problem.failure().because(problem.detail());
  }

  /** The members every problem has, on HTTP and inside a batch. */
  public JsonObject json() {
    return new JsonObject()
        .put("type", "urn:cp:problem:" + failure.slug())
        .put("title", failure.title())
        .put("status", failure.status())
        .put("code", failure.slug())
        .put("detail", detail)
        .mergeIn(members);
  }

  private static String detail(Failure failure, Throwable cause) {
    if (failure == Failure.INTERNAL) return HIDDEN;
    if (cause instanceof ServiceException || replied(cause)) {
      return Objects.requireNonNullElse(cause.getMessage(), failure.title());
    }
    return switch (failure) {
      case DEADLINE_EXCEEDED ->
          "No answer within the caller's time; what became of it is "
              + "unknown. Send it again with the same prediction_id to have it stored once";
      case NOT_READY -> "No node serves this just now; try again in a moment";
      default -> failure.title();
    };
  }

  /** Whether {@code cause} is a reply of a consumer on the event bus, with a message of its own. */
  private static boolean replied(Throwable cause) {
    return cause instanceof ReplyException e && e.failureType() == ReplyFailure.RECIPIENT_FAILURE;
  }
}
