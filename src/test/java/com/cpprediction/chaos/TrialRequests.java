package com.cpprediction.chaos;

import com.cpprediction.prediction.PredictionIds;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Random;
import java.util.UUID;

/**
 * What the clients of one cluster share: the addresses they ask for, the ledger, and the tally of
 * the stretch that the trial is in. Thread-safe.
 */
final class TrialRequests {
  /** A message is lost with its connection, and a second one may be with the next. */
  private static final int ATTEMPTS = 3;

  private final SampleAddresses addresses;
  private final Ledger ledger;
  private final Random random;
  private Tally tally = new Tally("warming up", "S0", false);
  private int stretches;
  private long made;

  TrialRequests(SampleAddresses addresses, Ledger ledger, long seed) {
    this.addresses = addresses;
    this.ledger = ledger;
    random = new Random(seed);
  }

  /**
   * Begins another stretch. A request belongs to the one it was sent in; where it is disturbed in a
   * later, disturbing one, to that.
   */
  synchronized Tally enter(String name, boolean disturbing) {
    tally = new Tally(name, "S" + ++stretches, disturbing);
    return tally;
  }

  private synchronized Tally disturbing(Tally before) {
    if (tally == before || !tally.disturbing()) return before;
    before.leaves();
    tally.sent();
    return tally;
  }

  /** A new request, in the ledger before it leaves. */
  Request request() {
    return request(System.nanoTime());
  }

  /**
   * @param sent when it is meant to be sent, in nanoseconds
   */
  synchronized Request request(long sent) {
    return request(addresses.any(random), sent);
  }

  /** One for a certain address. */
  synchronized Request request(JsonObject question) {
    return request(question, System.nanoTime());
  }

  /** One that a client sent which makes its own ids. */
  synchronized Request sent(JsonObject question, UUID id, String shipment) {
    return enter(new Request(id, question, shipment, tally, System.nanoTime()));
  }

  private Request request(JsonObject question, long sent) {
    var shipment = tally.mark() + "-" + made++;
    return enter(new Request(PredictionIds.next(), question, shipment, tally, sent));
  }

  private Request enter(Request request) {
    try {
      ledger.sending(request.id, request.shipment);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    tally.sent();
    return request;
  }

  /** One prediction that somebody wants, whatever number of attempts it takes. */
  final class Request {
    private final UUID id;
    private final JsonObject question;
    private final String shipment;
    private final long sent;
    private Tally tally;
    private RequestOutcome outcome = RequestOutcome.REFUSED;
    private int failures; // of attempts

    private Request(UUID id, JsonObject question, String shipment, Tally tally, long sent) {
      this.id = id;
      this.question = question;
      this.shipment = shipment;
      this.tally = tally;
      this.sent = sent;
    }

    /** The same for every attempt. */
    JsonObject body() {
      return question.copy().put("prediction_id", id.toString()).put("shipment_id", shipment);
    }

    Tally tally() {
      return tally;
    }

    /**
     * An attempt brought no answer.
     *
     * @param result {@link RequestOutcome#UNKNOWN} when it may have been kept all the same
     * @return whether there should be another one
     */
    boolean failed(RequestOutcome result, String reason) {
      if (result == RequestOutcome.UNKNOWN) outcome = RequestOutcome.UNKNOWN;
      tally = disturbing(tally);
      tally.disturbed(reason);
      return ++failures < ATTEMPTS;
    }

    /** There is an answer. */
    void answered(JsonObject prediction, String by) {
      var answer = SampleAddresses.answer(prediction);
      if (!addresses.isRight(question, answer)) tally.wrong();
      try {
        // The release may have changed from one attempt to the next; one of the two is kept.
        boolean either = outcome == RequestOutcome.UNKNOWN && addresses.ofSeveralReleases();
        if (failures > 0 && either) ledger.answeredSomehow(id);
        else ledger.answered(id, answer);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      tally.settled(sent, by, true, failures > 0);
    }

    /** There is none, and no attempt follows. */
    void givenUp(int status, String by) {
      try {
        ledger.settled(id, outcome, status);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      tally.settled(sent, by, false, failures > 0);
    }
  }
}
