package com.cpprediction.auth;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The limits of one caller on this node, as one configuration has them, over its usage. Shipments
 * count from {@link #admit} to {@link #release}. Thread-safe and without locks.
 */
public final class CallerLimits {
  /** No limits. */
  public static final CallerLimits NONE = new CallerLimits(0, 0, null, () -> {});

  /** Member of the problem document: seconds until the request may be sent again. */
  public static final String RETRY_AFTER = "retry_after_seconds";

  /** Poll interval of a stream whose caller has too many shipments in flight elsewhere. */
  private static final long POLL_MILLIS = 10;

  private final double rate;
  private final int maxInFlight;
  private final @Nullable CallerUsage usage; // with limits
  private final Runnable refused;

  /**
   * @param rate shipments a second; 0 for no limit
   * @param maxInFlight shipments at a time; 0 for no limit
   * @param refused counts a refused request
   */
  CallerLimits(double rate, int maxInFlight, @Nullable CallerUsage usage, Runnable refused) {
    this.rate = rate;
    this.maxInFlight = maxInFlight;
    this.usage = rate > 0 || maxInFlight > 0 ? usage : null;
    this.refused = refused;
  }

  /**
   * Admits {@code count} shipments of a request.
   *
   * @throws ServiceException {@link Failure#RATE_LIMITED}, or {@link Failure#TOO_LARGE} when more
   *     are never admitted together
   */
  public void admit(int count) {
    if (usage == null) return;
    if (maxInFlight > 0) {
      if (count > maxInFlight) {
        throw Failure.TOO_LARGE.because(
            "More than the %d shipments that this caller may have in flight; send smaller batches"
                .formatted(maxInFlight));
      }
      if (!usage.enter(count, maxInFlight)) throw tooManyInFlight();
    }
    if (rate == 0) return;
    long wait = usage.take(count, rate);
    if (wait == 0) return;
    if (maxInFlight > 0) usage.leave(count);
    throw tooFast(wait);
  }

  /**
   * Refuses a request before its body is received when not even one shipment would be admitted.
   *
   * @throws ServiceException {@link Failure#RATE_LIMITED}
   */
  public void rejectIfSpent() {
    if (usage == null) return;
    if (maxInFlight > 0 && usage.inFlight() >= maxInFlight) throw tooManyInFlight();
    long wait = rate == 0 ? 0 : usage.untilNext(rate);
    if (wait > 0) throw tooFast(wait);
  }

  /**
   * Admits up to {@code wanted} shipments of a stream.
   *
   * @return 0 when none may be admitted before {@link #waitMillis}
   */
  public int admitSome(int wanted) {
    if (usage == null) return wanted;
    int entered = maxInFlight == 0 ? wanted : usage.enterSome(wanted, maxInFlight);
    int taken = rate == 0 || entered == 0 ? entered : usage.takeSome(entered, rate);
    if (maxInFlight > 0 && taken < entered) usage.leave(entered - taken);
    return taken;
  }

  /** Time after which {@link #admitSome} is worth another call, at least a millisecond. */
  public long waitMillis() {
    if (usage == null) return 1;
    if (maxInFlight > 0 && usage.inFlight() >= maxInFlight) return POLL_MILLIS;
    return 1 + (rate == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(usage.untilNext(rate)));
  }

  /** Ends {@code count} admitted shipments. */
  public void release(int count) {
    if (usage != null && maxInFlight > 0) usage.leave(count);
  }

  private ServiceException tooManyInFlight() {
    refused.run();
    return Failure.RATE_LIMITED.because(
        "More than %d shipments of this caller would be in flight; try again in a moment"
            .formatted(maxInFlight),
        new JsonObject().put(RETRY_AFTER, 1));
  }

  private ServiceException tooFast(long waitNanos) {
    refused.run();
    long seconds = Math.max(1, (waitNanos + 999_999_999) / 1_000_000_000);
    return Failure.RATE_LIMITED.because(
        "More than the %s shipments a second of this caller; try again in %d s"
            .formatted(shown(rate), seconds),
        new JsonObject().put(RETRY_AFTER, seconds));
  }

  private static String shown(double rate) {
    return rate == Math.rint(rate) ? String.valueOf((long) rate) : String.valueOf(rate);
  }
}
