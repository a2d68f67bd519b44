package com.cpprediction.audit;

import com.cpprediction.bus.Bus;
import com.cpprediction.postgres.SqlFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps entries of the audit log on disk and stores them in PostgreSQL: at once, and while that
 * fails every second. For use from one event loop; the file is read and written on a thread of its
 * own.
 */
public final class AuditRecorder {
  private static final Logger log = LoggerFactory.getLogger(AuditRecorder.class);
  private static final long INTERVAL_MILLIS = 1_000;

  private final Vertx vertx;
  private final AuditTable table;
  private final AuditFile file;
  private final BooleanSupplier databaseUp;
  private final WorkerExecutor executor;
  private long timer;
  private boolean draining;
  private boolean again;

  /**
   * @param path of the file, absent or with entries of an earlier process
   * @param databaseUp whether the database is available
   */
  public AuditRecorder(Vertx vertx, AuditTable table, Path path, BooleanSupplier databaseUp) {
    this.vertx = vertx;
    this.table = table;
    this.databaseUp = databaseUp;
    file = new AuditFile(path);
    executor = vertx.createSharedWorkerExecutor("cp-audit-" + UUID.randomUUID(), 1);
  }

  public void start() {
    timer = vertx.setPeriodic(INTERVAL_MILLIS, tick -> drain());
  }

  public void stop() {
    vertx.cancelTimer(timer);
    executor.close(); // entries that wait are stored after the next start
  }

  /** Keeps an entry; request and response are those of {@link Bus#AUDIT}. */
  public Future<Void> record(JsonObject entry) {
    return executor
        .<Void>executeBlocking(
            () -> {
              file.append(entry);
              return null;
            })
        .onSuccess(kept -> drain())
        .recover( // the disk is full: PostgreSQL may be on another one
            cause ->
                table
                    .insert(new JsonArray().add(entry))
                    .recover(also -> Future.failedFuture(cause)));
  }

  /** Reads entries; request and response are those of {@link Bus#AUDITED}. */
  public Future<JsonArray> page(JsonObject query) {
    var before = query.getString("before");
    return table.page(before == null ? null : UUID.fromString(before), query.getInteger("limit"));
  }

  private void drain() {
    again |= draining;
    if (draining || !databaseUp.getAsBoolean()) return;
    draining = true;
    again = false;
    executor
        .executeBlocking(file::read)
        .compose(this::store)
        .onComplete(
            (more, failure) -> {
              draining = false;
              if (failure != null) {
                log.warn("Cannot store the audit log for now. {}", SqlFailure.describe(failure));
              } else if (more || again) {
                drain();
              }
            });
  }

  /** Returns whether there were entries. */
  private Future<Boolean> store(AuditFile.Batch batch) {
    if (!batch.more()) return Future.succeededFuture(false);
    return insert(batch.entries())
        .compose(
            inserted ->
                executor.executeBlocking(
                    () -> {
                      file.stored(batch.end());
                      return true;
                    }));
  }

  /** Isolates an entry that PostgreSQL refuses, and logs it. */
  private Future<Void> insert(JsonArray entries) {
    if (entries.isEmpty()) return Future.succeededFuture(); // a torn one
    return table
        .insert(entries)
        .recover(
            cause -> {
              if (SqlFailure.of(cause) != SqlFailure.ROW_REJECTED) {
                return Future.failedFuture(cause);
              }
              if (entries.size() == 1) {
                log.error(
                    "PostgreSQL refuses an entry of the audit log. {}: {}",
                    SqlFailure.describe(cause),
                    entries.getValue(0));
                return Future.succeededFuture();
              }
              var each = Future.<Void>succeededFuture();
              for (var entry : entries) {
                each = each.compose(done -> insert(new JsonArray().add(entry)));
              }
              return each;
            });
  }
}
