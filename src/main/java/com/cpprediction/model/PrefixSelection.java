package com.cpprediction.model;

import com.cpprediction.model.format.Manifest;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads {@code {"prefixes":[…]}}, the body of operations on some or all models. */
public final class PrefixSelection {
  private static final Set<String> KEYS = Set.of("prefixes");

  private PrefixSelection() {}

  /**
   * The prefixes asked for; all of them where absent.
   *
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST}
   */
  public static @Nullable Set<String> of(@Nullable Object body) {
    if (body == null) return null;
    if (!(body instanceof JsonObject json)) throw malformed("The body must be a JSON object");
    for (var field : json.fieldNames()) {
      if (!KEYS.contains(field)) throw malformed("Unknown field \"" + field + '"');
    }
    var list = json.getValue("prefixes");
    if (list == null) return null;
    if (!(list instanceof JsonArray array) || array.isEmpty()) {
      throw malformed("prefixes must be an array of prefixes, such as [\"560\"]");
    }
    var prefixes = new TreeSet<String>();
    for (var item : array) {
      if (!(item instanceof String prefix) || !Manifest.isPrefix(prefix)) {
        throw malformed("prefixes has an item that is no prefix, such as \"560\"");
      }
      prefixes.add(prefix);
    }
    return prefixes;
  }

  private static ServiceException malformed(String detail) {
    return Failure.MALFORMED_REQUEST.because(detail);
  }
}
