package com.cpprediction.audit;

import com.cpprediction.postgres.Database;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.format.DateTimeFormatter;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The table {@code audit_log}. Every statement is idempotent. */
public final class AuditTable {
  private static final String INSERT =
      """
      INSERT INTO audit_log (id, at, node, caller, action, target, before, after, request_id)
      SELECT id, at, node, caller, action, target, before, after, request_id
      FROM jsonb_to_recordset($1::jsonb)
        AS entry (id uuid, at timestamptz, node text, caller text, action text, target text,
                  before jsonb, after jsonb, request_id text)
      ON CONFLICT (id) DO NOTHING
      """;

  // Ids are ordered by time.
  private static final String PAGE =
      """
      SELECT id, at, node, caller, action, target, before, after, request_id
      FROM audit_log
      WHERE $1::uuid IS NULL OR id < $1::uuid
      ORDER BY id DESC
      LIMIT $2::integer
      """;

  private final Database database;

  public AuditTable(Database database) {
    this.database = database;
  }

  /** Stores all of {@code entries} or none; each once. */
  Future<Void> insert(JsonArray entries) {
    return database.writeUnordered(INSERT, Tuple.of(entries)).mapEmpty();
  }

  /**
   * Entries, newest first.
   *
   * @param before id of the entry before which to begin; null for the newest
   */
  Future<JsonArray> page(@Nullable UUID before, int limit) {
    return database
        .read(PAGE, Tuple.tuple().addValue(before).addInteger(limit))
        .map(
            rows -> {
              var entries = new JsonArray();
              rows.forEach(row -> entries.add(entry(row)));
              return entries;
            });
  }

  private static JsonObject entry(Row row) {
    return new JsonObject()
        .put("id", row.getUUID("id").toString())
        .put("at", DateTimeFormatter.ISO_INSTANT.format(row.getOffsetDateTime("at")))
        .put("node", row.getString("node"))
        .put("caller", row.getString("caller"))
        .put("action", row.getString("action"))
        .put("target", row.getString("target"))
        .put("before", row.getJsonObject("before"))
        .put("after", row.getJsonObject("after"))
        .put("request_id", row.getString("request_id"));
  }
}
