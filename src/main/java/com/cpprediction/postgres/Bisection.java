package com.cpprediction.postgres;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Stores rows of which PostgreSQL may refuse some, and finds those by bisection. */
public final class Bisection {
  /** A row that PostgreSQL refuses. */
  public record Refused<T>(T row, Throwable cause) {}

  private Bisection() {}

  /**
   * Stores all rows that PostgreSQL takes, in order.
   *
   * @param insert stores all of a list or nothing; idempotent
   * @return the refused rows; fails with the first failure of another kind, before which some rows
   *     may have been stored
   */
  public static <T> Future<List<Refused<T>>> store(
      List<T> rows, Function<List<T>, Future<Void>> insert) {
    var refused = new ArrayList<Refused<T>>();
    return store(rows, insert, refused).map(refused);
  }

  private static <T> Future<Void> store(
      List<T> rows, Function<List<T>, Future<Void>> insert, List<Refused<T>> refused) {
    return insert
        .apply(rows)
        .recover(
            cause -> {
              if (SqlFailure.of(cause) != SqlFailure.ROW_REJECTED) {
                return Future.failedFuture(cause);
              }
              if (rows.size() == 1) {
                refused.add(new Refused<>(rows.get(0), cause));
                return Future.succeededFuture();
              }
              int half = rows.size() / 2;
              return store(rows.subList(0, half), insert, refused)
                  .compose(stored -> store(rows.subList(half, rows.size()), insert, refused));
            });
  }
}
