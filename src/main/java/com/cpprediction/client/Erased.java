package com.cpprediction.client;

import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was erased of a shipment.
 *
 * @param rows number of rows by table; all 0 where nothing was stored, or it was erased before
 * @param journal whether the node that was asked has no copy in its journal any more; otherwise it
 *     erases that later by itself
 */
public record Erased(Map<String, Long> rows, boolean journal) {
  private static final String JOURNAL = "journal";

  public Erased {
    rows = Map.copyOf(rows);
  }

  static Erased of(JsonObject erased) {
    var rows = new TreeMap<String, Long>();
    for (var table : erased.fieldNames()) {
      if (!table.equals(JOURNAL)) rows.put(table, erased.getLong(table));
    }
    return new Erased(rows, erased.getString(JOURNAL).equals("erased"));
  }
}
