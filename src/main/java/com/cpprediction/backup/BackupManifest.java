package com.cpprediction.backup;

import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The entry {@value #ENTRY} of a backup.
 *
 * @param takenAt time of the snapshot, in ISO 8601
 * @param migrations versions of the applied migrations, in their order; not empty
 * @param months first days of the months that {@code predictions} has partitions for
 * @param tables in the order in which they were written
 */
record BackupManifest(
    String takenAt, List<String> migrations, List<String> months, List<Table> tables) {
  static final String ENTRY = "manifest.json";

  private static final String FORMAT = "cp-prediction-backup/1";

  /**
   * The rows of a table, in an entry of their own.
   *
   * @param columns quoted where SQL needs it
   * @param bytes of the rows in the text format of {@code COPY}
   * @param sha256 of these, in hexadecimal digits
   */
  record Table(String name, List<String> columns, long rows, long bytes, String sha256) {
    static final String SUFFIX = ".copy";

    /** Name of the entry with the rows. */
    String entry() {
      return name + SUFFIX;
    }
  }

  /** The newest migration. */
  String version() {
    return migrations.get(migrations.size() - 1);
  }

  List<String> names() {
    return tables.stream().map(Table::name).toList();
  }

  long rows() {
    return tables.stream().mapToLong(Table::rows).sum();
  }

  long bytes() {
    return tables.stream().mapToLong(Table::bytes).sum();
  }

  byte[] encode() {
    var all = new JsonArray();
    for (var table : tables) {
      all.add(
          new JsonObject()
              .put("name", table.name())
              .put("columns", new JsonArray(table.columns()))
              .put("rows", table.rows())
              .put("bytes", table.bytes())
              .put("sha256", table.sha256()));
    }
    return new JsonObject()
        .put("format", FORMAT)
        .put("taken_at", takenAt)
        .put("migrations", new JsonArray(migrations))
        .put("months", new JsonArray(months))
        .put("tables", all)
        .encodePrettily()
        .getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @throws BackupException when {@code json} is no manifest, or of another format
   */
  static BackupManifest decode(byte[] json) {
    try {
      var manifest = StrictJson.parseObject(json);
      var format = manifest.getString("format");
      if (!FORMAT.equals(format)) {
        throw new BackupException(
            "the manifest is of the format %s, and this version of the service reads %s"
                .formatted(format, FORMAT));
      }
      var tables =
          manifest.getJsonArray("tables").stream()
              .map(JsonObject.class::cast)
              .map(
                  table ->
                      new Table(
                          table.getString("name"),
                          strings(table.getJsonArray("columns")),
                          table.getLong("rows"),
                          table.getLong("bytes"),
                          table.getString("sha256")))
              .toList();
      var migrations = strings(manifest.getJsonArray("migrations"));
      if (migrations.isEmpty()) throw new BackupException("the manifest names no migration");
      return new BackupManifest(
          manifest.getString("taken_at"),
          migrations,
          strings(manifest.getJsonArray("months")),
          tables);
    } catch (MalformedJsonException | ClassCastException | NullPointerException e) {
      throw new BackupException("the manifest can't be read", e);
    }
  }

  private static List<String> strings(JsonArray array) {
    return array.stream().map(String.class::cast).toList();
  }
}
