package com.cpprediction.audit;

import com.cpprediction.bus.Bus;
import com.cpprediction.logging.RequestId;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.PredictionIds;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records actions of operators and reviewers. For every verticle; thread-safe. */
public final class AuditLog {
  private static final Logger log = LoggerFactory.getLogger(AuditLog.class);

  /** Forcing an entry to a busy disk may take seconds. */
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final Vertx vertx;
  private final String node;
  private final Clock clock;

  /**
   * @param node name of this node in its cluster; empty where it is alone
   */
  public AuditLog(Vertx vertx, String node, Clock clock) {
    this.vertx = vertx;
    this.node = node;
    this.clock = clock;
  }

  /**
   * Records {@code entry} after its action, with the id of the request of the current context.
   *
   * @return completes once the entry is on the disk of this node; never fails, since the action has
   *     happened: an entry that can't be kept is logged as an error
   */
  public Future<Void> record(AuditEntry entry) {
    var json =
        new JsonObject()
            .put("id", PredictionIds.next().toString())
            .put("at", clock.instant().toString())
            .put("node", node)
            .put("caller", entry.caller())
            .put("action", entry.action())
            .put("target", entry.target())
            .put("before", entry.before())
            .put("after", entry.after())
            .put("request_id", Objects.requireNonNullElse(RequestId.current(), ""));
    return Bus.<Void>ask(vertx, Bus.AUDIT, json, Deadline.in(TIMEOUT))
        .recover(
            cause -> {
              log.error("Cannot keep an entry of the audit log ({}): {}", cause.getMessage(), json);
              return Future.succeededFuture();
            });
  }
}
