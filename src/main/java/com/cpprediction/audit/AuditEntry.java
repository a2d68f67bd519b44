package com.cpprediction.audit;

import com.cpprediction.json.Digests;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An action of an operator, or a choice of a reviewer.
 *
 * @param caller name of its token; empty where it has none; {@link #FILE} for an edited file
 * @param action a verb of a closed set, such as {@code reload}
 * @param target of the action, such as a prefix; {@link #shipment} for a shipment; empty for the
 *     node; never an address or a shipment id
 * @param before state before the action, without secrets, at most a few KiB
 * @param after state after the action, likewise
 */
public record AuditEntry(
    String caller,
    String action,
    String target,
    @Nullable JsonObject before,
    @Nullable JsonObject after) {
  /** The caller of an edit of a file; no token can bear this name. */
  public static final String FILE = "(file)";

  /** The service itself, which stops a canary that has fallen behind. */
  public static final String SERVICE = "(service)";

  /** The caller of a message on the event bus, which bears no token. */
  public static final String BUS = "(bus)";

  /** A shipment as the target of an action: the SHA-256 of its id. */
  public static String shipment(String id) {
    return "sha256:" + Digests.sha256Hex(id.getBytes(StandardCharsets.UTF_8));
  }
}
