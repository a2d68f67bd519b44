package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.SharedDeadline;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The test ends a pass; scoring takes the microseconds that it says. */
@ExtendWith(VertxExtension.class)
class DispatcherTest {
  private static final Deadline END = Deadline.in(Duration.ofMinutes(10));

  private final List<String> byWorkers = new ArrayList<>(); // a message each
  private final List<String> inline = new ArrayList<>();
  private final List<Runnable> endOfPass = new ArrayList<>();
  private final Dispatcher dispatcher;
  private int limitMicros;
  private long generation = 1;
  private long micros = 100; // of an address
  private Failure failure; // of scoring

  DispatcherTest(Vertx vertx) {
    var workers =
        new ScoringWorkers(
            vertx,
            4,
            4,
            (worker, requests, end) -> {
              byWorkers.add(String.join("+", requests.stream().map(ScoreRequest::prefix).toList()));
              return Future.succeededFuture(requests.stream().map(this::score).toList());
            });
    var scorer =
        new InlineScorer(
            () -> limitMicros,
            request -> {
              inline.add(request.prefix());
              return score(request);
            });
    dispatcher = new Dispatcher(workers, scorer, endOfPass::add);
  }

  @Test
  void sendsTheRequestsOfAPassTogetherAtItsEnd() {
    var first = single("560");
    var second = single("411");
    assertThat(byWorkers).isEmpty();

    endPass();

    assertThat(byWorkers).containsExactly("560+411");
    assertThat(first.succeeded() && second.succeeded()).isTrue();
    single("110");
    endPass();
    assertThat(byWorkers).containsExactly("560+411", "110");
  }

  @Test
  void sendsTheRequestsOfABatchTogetherApartFromSingles() {
    limitMicros = 10_000;
    learn("560", "411", "110");
    var batch = dispatcher.lane(2);
    var other = dispatcher.lane(2);

    dispatch(batch, request("560", false));
    single("560");
    dispatch(other, request("110", false));
    dispatch(batch, request("411", false));
    endPass();

    assertThat(byWorkers).containsExactly("560+411", "110");
    assertThat(inline).containsExactly("560");
  }

  @Test
  void sendsAnUnknownPrefixOfABatchInAMessageOfItsOwn() {
    learn("560", "411");
    var batch = dispatcher.lane(2);

    for (var prefix : List.of("560", "110", "411", "560")) dispatch(batch, request(prefix, false));
    endPass();

    assertThat(byWorkers).containsExactly("560", "110", "411+560");
  }

  @Test
  void forgetsTheTimesOfReplacedModels() {
    limitMicros = 10_000;
    learn("560", "411");
    generation++;
    var batch = dispatcher.lane(2);

    for (var prefix : List.of("560", "411", "560")) dispatch(batch, request(prefix, false));
    endPass();
    single("560");
    endPass();

    assertThat(byWorkers).containsExactly("560", "411", "560");
    assertThat(inline).as("known again").containsExactly("560");
    generation--;
    single("411");
    endPass();
    assertThat(byWorkers).as("a late request of the replaced ones").endsWith("411");
  }

  @Test
  void scoresHereWhatTookShortBefore() {
    limitMicros = 250;
    learn("560", "411");

    var one = single("560");
    single("411");
    endPass();

    assertThat(inline).containsExactly("560", "411");
    assertThat(byWorkers).isEmpty();
    assertThat(one.succeeded()).isTrue();
  }

  @Test
  void sendsToWorkersWhatWouldHoldTheEventLoopLonger() {
    limitMicros = 250;
    learn("560", "411");

    for (var prefix : List.of("560", "411", "560")) single(prefix);
    endPass();

    assertThat(inline).isEmpty();
    assertThat(byWorkers).containsExactly("560+411+560");
  }

  @Test
  void sendsAnUnknownPrefixToWorkers() {
    limitMicros = 10_000;
    learn("560");

    single("560");
    single("411");
    endPass();

    assertThat(byWorkers).containsExactly("560+411");
  }

  @Test
  void sendsExplanationsToWorkers() {
    limitMicros = 10_000;
    learn("560");

    dispatch(dispatcher.lane(1), request("560", true));
    endPass();

    assertThat(byWorkers).containsExactly("560");
  }

  @Test
  void goesBackToWorkersWhereScoringHasBecomeSlow() {
    limitMicros = 250;
    learn("560");
    micros = 100_000;

    single("560");
    endPass();
    single("560");
    endPass();

    assertThat(inline).containsExactly("560");
    assertThat(byWorkers).containsExactly("560");
  }

  @Test
  void scoresNothingHereAtALimitOfZero() {
    learn("560");

    single("560");
    endPass();

    assertThat(inline).isEmpty();
  }

  @Test
  void aFailureHereIsThatOfItsRequest() {
    limitMicros = 250;
    learn("560");
    failure = Failure.NOT_READY;

    var failed = single("560");
    endPass();

    assertThat(Failure.of(failed.cause())).isEqualTo(Failure.NOT_READY);
  }

  /** Has each prefix scored once, and forgets it. */
  private void learn(String... prefixes) {
    for (var prefix : prefixes) single(prefix);
    endPass();
    byWorkers.clear();
  }

  private void endPass() {
    var tasks = List.copyOf(endOfPass);
    endOfPass.clear();
    assertThat(tasks).hasSize(1);
    tasks.get(0).run();
  }

  private Future<ScoreReply> single(String prefix) {
    return dispatch(dispatcher.lane(1), request(prefix, false));
  }

  private Future<ScoreReply> dispatch(ScoringWorkers.Lane lane, ScoreRequest request) {
    return dispatcher.dispatch(lane, request, END);
  }

  private ScoreRequest request(String prefix, boolean explain) {
    var deadline = new SharedDeadline(END);
    var addresses = List.of(new Address("mg road", null));
    return new ScoreRequest(
        generation, prefix, addresses, deadline, explain, PincodeErrors.of(0.01));
  }

  private Future<ScoreReply> score(ScoreRequest request) {
    if (failure != null) return Future.failedFuture(failure.because("as the test wants"));
    long nanos = TimeUnit.MICROSECONDS.toNanos(micros);
    return Future.succeededFuture(new ScoreReply(List.of(), List.of(), 0, nanos));
  }
}
