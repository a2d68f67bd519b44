package com.cpprediction.persistence;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Kept;
import com.cpprediction.metrics.ServiceMetrics.RowOutcome;

/**
 * What became of every row this process answers for. Written from one event loop, read from any
 * thread.
 */
final class RowLedger {
  /**
   * A moment of them, in rows since the start.
   *
   * @param recovered from the journal that a process before left
   * @param acknowledged whose requests were answered
   * @param stored in PostgreSQL, once however often they were sent
   * @param waiting counted where they wait, not worked out from the rest
   * @param rejected set aside: refused by PostgreSQL, or of an id that is another shipment's
   * @param dropped not kept, as {@code persistence.when_full} {@code drop} allows
   */
  record Balance(
      long recovered, long acknowledged, long stored, long waiting, long rejected, long dropped) {
    /** Whether nothing is lost and nothing is counted twice. */
    boolean balanced() {
      return recovered + acknowledged == stored + waiting + rejected + dropped;
    }
  }

  private final ServiceMetrics metrics;
  private volatile Balance balance = new Balance(0, 0, 0, 0, 0, 0);

  RowLedger(ServiceMetrics metrics) {
    this.metrics = metrics;
  }

  Balance balance() {
    return balance;
  }

  void recovered(int rows, int waiting) {
    metrics.kept(Kept.RECOVERED, rows);
    post(rows, 0, 0, waiting, 0, 0);
  }

  void acknowledged(int rows, int waiting) {
    metrics.kept(Kept.ACKNOWLEDGED, rows);
    post(0, rows, 0, waiting, 0, 0);
  }

  void dropped(int rows, int waiting) {
    metrics.kept(Kept.ACKNOWLEDGED, rows);
    metrics.kept(Kept.DROPPED, rows);
    post(0, rows, 0, waiting, 0, rows);
  }

  /**
   * @param stored rows that are in PostgreSQL, of which {@code added} are new
   * @param refused rows that PostgreSQL refused
   * @param taken rows whose id is another shipment's
   * @param late rows of all these that are acknowledged only now
   */
  void settled(int stored, int added, int refused, int taken, int late, int waiting) {
    metrics.kept(Kept.ACKNOWLEDGED, late);
    metrics.rows(RowOutcome.STORED, added);
    metrics.rows(RowOutcome.DUPLICATE, stored - added);
    metrics.rows(RowOutcome.REJECTED, refused);
    metrics.rows(RowOutcome.CONFLICT, taken);
    post(0, late, stored, waiting, refused + taken, 0);
  }

  private void post(
      int recovered, int acknowledged, int stored, int waiting, int rejected, int dropped) {
    var before = balance;
    balance =
        new Balance(
            before.recovered + recovered,
            before.acknowledged + acknowledged,
            before.stored + stored,
            waiting,
            before.rejected + rejected,
            before.dropped + dropped);
  }
}
