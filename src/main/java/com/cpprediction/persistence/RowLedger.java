package com.cpprediction.persistence;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Kept;
import com.cpprediction.metrics.ServiceMetrics.RowOutcome;

/** Counts every row that this process is responsible for, by its state. Thread-safe. */
final class RowLedger {
  /**
   * A consistent snapshot, in rows since the start.
   *
   * @param recovered read from the journal of an earlier process
   * @param acknowledged accepted from requests
   * @param stored in PostgreSQL; retries count once
   * @param waiting handed over, in the queue and in flight, counted independently
   * @param rejected set aside: refused by PostgreSQL, or an id of another shipment
   * @param dropped not kept because of {@code persistence.when_full} {@code drop}
   */
  record Balance(
      long recovered, long acknowledged, long stored, long waiting, long rejected, long dropped) {
    /** Whether no row is lost or counted twice. */
    boolean balanced() {
      return recovered + acknowledged == stored + waiting + rejected + dropped;
    }
  }

  private final ServiceMetrics metrics;
  private volatile Balance balance = new Balance(0, 0, 0, 0, 0, 0);

  private int handedOver; // rows on their way to the queue
  private int queued; // rows in the queue and in flight, acknowledged

  RowLedger(ServiceMetrics metrics) {
    this.metrics = metrics;
  }

  Balance balance() {
    return balance;
  }

  synchronized void recovered(int rows, int waiting) {
    metrics.kept(Kept.RECOVERED, rows);
    queued = waiting;
    post(rows, 0, 0, 0, 0);
  }

  synchronized void acknowledged(int rows, int waiting) {
    metrics.kept(Kept.ACKNOWLEDGED, rows);
    queued = waiting;
    post(0, rows, 0, 0, 0);
  }

  /** Counts rows that are acknowledged and on their way to the queue. */
  synchronized void handedOver(int rows) {
    metrics.kept(Kept.ACKNOWLEDGED, rows);
    handedOver += rows;
    post(0, rows, 0, 0, 0);
  }

  /** Counts rows of {@link #handedOver} that have reached the queue. */
  synchronized void queued(int rows, int waiting) {
    handedOver -= rows;
    queued = waiting;
    post(0, 0, 0, 0, 0);
  }

  synchronized void dropped(int rows) {
    metrics.kept(Kept.ACKNOWLEDGED, rows);
    metrics.kept(Kept.DROPPED, rows);
    post(0, rows, 0, 0, rows);
  }

  /**
   * @param stored rows in PostgreSQL, of which {@code added} are new
   * @param refused rows rejected by PostgreSQL
   * @param taken rows whose id belongs to another shipment
   * @param late rows of all these that are acknowledged only now
   */
  synchronized void settled(int stored, int added, int refused, int taken, int late, int waiting) {
    metrics.kept(Kept.ACKNOWLEDGED, late);
    metrics.rows(RowOutcome.STORED, added);
    metrics.rows(RowOutcome.DUPLICATE, stored - added);
    metrics.rows(RowOutcome.REJECTED, refused);
    metrics.rows(RowOutcome.CONFLICT, taken);
    queued = waiting;
    post(0, late, stored, refused + taken, 0);
  }

  private void post(int recovered, int acknowledged, int stored, int rejected, int dropped) {
    var before = balance;
    balance =
        new Balance(
            before.recovered + recovered,
            before.acknowledged + acknowledged,
            before.stored + stored,
            handedOver + queued,
            before.rejected + rejected,
            before.dropped + dropped);
  }
}
