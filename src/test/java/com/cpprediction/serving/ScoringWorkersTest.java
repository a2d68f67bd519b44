package com.cpprediction.serving;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.http.HttpFixture;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.serving.ScoringWorkers.Lane;
import com.cpprediction.serving.ScoringWorkers.Task;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Workers are promises here: one is busy until the test keeps its promise. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class ScoringWorkersTest {
  private static final int MANY = 64; // processors
  private static final Deadline END = Deadline.in(Duration.ofMinutes(10));
  private static final Future<ScoreReply> REPLY =
      Future.succeededFuture(new ScoreReply(List.of(), List.of(), 0, 0));

  private final List<Sent> sent = new ArrayList<>();
  private final Vertx vertx;
  private ScoringWorkers workers;

  /** A message; {@code what} names its requests. */
  private record Sent(
      List<String> what, int worker, Promise<List<Future<ScoreReply>>> promise, Deadline end) {
    @Override
    public String toString() {
      return String.join("+", what) + " to " + worker;
    }
  }

  ScoringWorkersTest(Vertx vertx) {
    this.vertx = vertx;
  }

  @Test
  void sendsNothingToAWorkerThatIsAtSomethingWhileAnotherHasNothingToDo() {
    workers(3);
    for (var what : List.of("a", "b", "c")) single(what);
    done("b");

    single("d");
    done("c");
    done("d");
    single("e");
    single("f");

    assertThat(sent).hasToString("[a to 0, b to 1, c to 2, d to 1, e to 1, f to 2]"); // never to 0
  }

  @Test
  void sendsASingleAheadOnlyToAWorkerThatHasASingle() {
    workers(2);
    var batch = workers.lane(2);
    bulk(batch, "A1");
    bulk(batch, "A2");

    for (var what : List.of("a", "b", "c")) single(what);

    assertThat(sent).hasToString("[A1 to 0, a to 1, b to 1]");
    done("a");
    assertThat(sent).hasToString("[A1 to 0, a to 1, b to 1, c to 1]");
  }

  @Test
  void leavesAWorkerToSinglesHoweverMuchIsAskedInBulk() {
    workers(4);
    var batch = workers.lane(2);
    for (int i = 1; i <= 10; i++) bulk(batch, "A" + i);

    single("a");

    assertThat(sent).hasToString("[A1 to 0, A2 to 1, A3 to 2, a to 3]");
  }

  @Test
  void runsNoMoreChunksThanThereAreProcessors() {
    workers = new ScoringWorkers(vertx, 8, 2, this::send);
    var batch = workers.lane(2);

    for (int i = 1; i <= 10; i++) bulk(batch, "A" + i);

    assertThat(sent).hasToString("[A1 to 0, A2 to 1]");
  }

  @Test
  void letsCallersOfBulkTakeTurns() {
    workers(1);
    var first = workers.lane(2);
    var second = workers.lane(2);
    for (var what : List.of("A1", "A2", "A3")) bulk(first, what);
    for (var what : List.of("B1", "B2")) bulk(second, what);

    for (int i = 0; i < 5; i++) done(sent.get(i).what().get(0));

    assertThat(sent).hasToString("[A1 to 0, A2 to 0, B1 to 0, A3 to 0, B2 to 0]");
  }

  @Test
  void sharesMessagesAmongTheRequestsOfABatch() {
    workers = new ScoringWorkers(vertx, 4, 2, this::send);
    var batch = workers.lane(40);
    var all = new ArrayList<Task>();
    for (int i = 1; i <= 8; i++) all.add(task("A" + i, 5));

    workers.submit(batch, all);
    done("A1");

    assertThat(sent).hasToString("[A1+A2+A3+A4 to 0, A5+A6 to 1, A7 to 0]");
  }

  @Test
  void sendsAtMostAChunkOfABatchInAMessage() {
    workers(2);
    var batch = workers.lane(100);
    var all = List.of(task("A", 20), task("B", 12), task("C", 1), task("D", 32));

    workers.submit(batch, all);
    done("A");
    done("C");

    assertThat(sent).hasToString("[A+B to 0, C to 0, D to 0]");
  }

  @Test
  void starvesNeitherBulkNorSingles() {
    workers(1);
    single("first");
    var batch = workers.lane(2);
    for (int i = 1; i <= 3; i++) bulk(batch, "A" + i);
    for (int i = 1; i <= 100; i++) single("s" + i);

    for (int i = 0; i < sent.size(); i++) done(sent.get(i).what().get(0));

    assertThat(sent.stream().mapToInt(one -> one.what().size()).sum()).isEqualTo(104);
    int singles = 0; // since the last chunk
    int chunks = 0;
    for (var one : sent) {
      if (one.what().get(0).startsWith("A")) {
        chunks++;
        assertThat(singles).isLessThan(2 * ScoringWorkers.CHUNK);
        singles = 0;
      } else {
        singles += one.what().size();
      }
    }
    assertThat(chunks).isEqualTo(3);
  }

  @Test
  void sharesMessagesAmongTheSinglesOfAPass() {
    workers(4);

    singles("a", "b", "c", "d");

    assertThat(sent).hasToString("[a+b+c+d to 0]");
  }

  @Test
  void dividesManySinglesEvenlyAmongTheIdleWorkersThatProcessorsRun() {
    workers = new ScoringWorkers(vertx, 4, 2, this::send);

    singles("abcdefghijkl".split(""));

    assertThat(sent).hasToString("[a+b+c+d+e+f to 0, g+h+i+j+k+l to 1]");
  }

  @Test
  void wakesNoIdleWorkerWhileOthersKeepTheProcessorsBusy() {
    workers = new ScoringWorkers(vertx, 4, 2, this::send);
    for (var what : List.of("a", "b", "c", "d", "e")) single(what);

    assertThat(sent).hasToString("[a to 0, b to 1, c to 0, d to 1, e to 2]");
  }

  @Test
  void sendsAtMostAChunkOfSinglesInAMessage() {
    workers(1);
    var many = new String[ScoringWorkers.CHUNK + 1];
    Arrays.fill(many, "s");

    singles(many);

    assertThat(sent).extracting(one -> one.what().size()).containsExactly(ScoringWorkers.CHUNK, 1);
  }

  @Test
  void aMessageEndsWithTheLatestOfItsRequests() {
    workers(1);
    var soon = Deadline.in(Duration.ofSeconds(1));
    var late = Deadline.in(Duration.ofSeconds(100));

    workers.submit(workers.lane(1), List.of(task("a", soon), task("b", late), task("c", soon)));

    assertThat(sent.get(0).end()).isEqualTo(late);
  }

  @Test
  void dropsAnExpiredTaskWhenItsTurnComes() {
    workers(1);
    single("a");
    single("b");

    var late = late(workers.lane(1));
    var next = single("c");
    done("a");
    done("b");

    assertThat(Failure.of(late.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    done("c");
    assertThat(next.succeeded()).isTrue();
    assertThat(sent).hasToString("[a to 0, b to 0, c to 0]");
  }

  @Test
  void dropsExpiredTasksWhileAllWorkersStall() {
    workers(1);
    single("a");
    single("b");

    var single = late(workers.lane(1));
    var chunk = late(workers.lane(2));
    var waiting = bulk(workers.lane(2), "A1");
    single("next");

    assertThat(Failure.of(single.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    assertThat(Failure.of(chunk.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    assertThat(waiting.isComplete()).isFalse();
    assertThat(sent).hasToString("[a to 0, b to 0]");
  }

  @Test
  void aFailureIsThatOfItsMessageOnly() {
    workers(1);
    var broken = single("a");
    var next = single("b");

    sent.get(0).promise().fail("broken");
    done("b");

    assertThat(broken.cause()).hasMessage("broken");
    assertThat(next.succeeded()).isTrue();
  }

  @Test
  void aCallerThatFailsKeepsNoOtherFromItsScores() {
    workers(1);
    var tasks = List.of(task("a", END), task("b", END));
    tasks
        .get(0)
        .future()
        .onComplete(
            done -> {
              throw new IllegalStateException("a caller's fault");
            });
    workers.submit(workers.lane(1), tasks);

    done("a");
    var next = single("c");
    done("c");

    assertThat(tasks.get(1).future().succeeded()).isTrue();
    assertThat(next.succeeded()).isTrue();
  }

  @Test
  void aFailureInsideAMessageIsThatOfItsRequestOnly() {
    workers(1);
    var tasks = List.of(task("a", END), task("b", END));
    workers.submit(workers.lane(1), tasks);

    var refused = Failure.NOT_READY.because("replaced");
    sent.get(0).promise().complete(List.of(Future.failedFuture(refused), REPLY));

    assertThat(tasks.get(0).future().cause()).isSameAs(refused);
    assertThat(tasks.get(1).future().succeeded()).isTrue();
  }

  @Test
  void comesThroughThousandsThatFailAtOnce() {
    workers =
        new ScoringWorkers(
            vertx,
            1,
            MANY,
            (worker, requests, end) -> {
              if (sent.size() >= 2) throw new IllegalStateException("no way to send it");
              return send(worker, requests, end);
            });
    single("a");
    single("b");
    var results = new ArrayList<Future<ScoreReply>>();
    for (int i = 0; i < 20_000; i++) results.add(single("s"));

    done("a");

    assertThat(results).allSatisfy(result -> assertThat(result.failed()).isTrue());
  }

  @Test
  void completesOnTheEventLoopThatAsked() throws Exception {
    workers(1);
    single("first");
    single("second");
    var asking = Promise.<Thread>promise();
    var completing = Promise.<Thread>promise();
    vertx.runOnContext(
        loop -> {
          asking.complete(Thread.currentThread());
          single("asked").onComplete(done -> completing.complete(Thread.currentThread()));
        });
    var loop = asking.future().await(60, SECONDS);
    HttpFixture.until(() -> workers.waiting() == 1);

    done("first"); // the next is sent from this thread, and completes on it
    done("asked");

    assertThat(completing.future().await(60, SECONDS)).isSameAs(loop);
  }

  @Test
  void sendsNothingToAWorkerThatDidNotAnswerInTimeUntilItHasFinished() throws Exception {
    workers(2);
    var asked = Promise.<Message<Object>>promise();
    vertx.eventBus().<Object>consumer(Bus.score(0), asked::complete);
    var stuck = single("stuck");
    sent.get(0).promise().fail(new ReplyException(ReplyFailure.TIMEOUT, "no answer"));

    var probe = asked.future().await(60, SECONDS);
    assertThat(Failure.of(stuck.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    for (var what : List.of("a", "b", "c")) single(what);
    assertThat(sent).hasToString("[stuck to 0, a to 1, b to 1]");

    probe.reply(null);
    HttpFixture.until(() -> sent.size() == 4);
    assertThat(sent.get(3)).hasToString("c to 0");
  }

  private void workers(int count) {
    workers = new ScoringWorkers(vertx, count, MANY, this::send);
  }

  private Future<ScoreReply> single(String what) {
    return submit(workers.lane(1), task(what, END));
  }

  private void singles(String... all) {
    workers.submit(workers.lane(1), Arrays.stream(all).map(what -> task(what, END)).toList());
  }

  private Future<ScoreReply> bulk(Lane lane, String what) {
    return submit(lane, task(what, ScoringWorkers.CHUNK));
  }

  private Future<ScoreReply> late(Lane lane) {
    var over = new SharedDeadline(Deadline.in(Duration.ZERO));
    return submit(lane, new Task(request("late", 1, over), END));
  }

  private Future<ScoreReply> submit(Lane lane, Task task) {
    workers.submit(lane, List.of(task));
    return task.future();
  }

  private static Task task(String what, Deadline end) {
    return new Task(request(what, 1, new SharedDeadline(END)), end);
  }

  private static Task task(String what, int addresses) {
    return new Task(request(what, addresses, new SharedDeadline(END)), END);
  }

  private static ScoreRequest request(String what, int addresses, SharedDeadline deadline) {
    var asked = Collections.nCopies(addresses, new Address("mg road", null));
    return new ScoreRequest(0, what, asked, deadline, false, PincodeErrors.of(0.01));
  }

  private Future<List<Future<ScoreReply>>> send(
      int worker, List<ScoreRequest> requests, Deadline end) {
    var what = requests.stream().map(ScoreRequest::prefix).toList();
    var one = new Sent(what, worker, Promise.promise(), end);
    sent.add(one);
    return one.promise().future();
  }

  private void done(String what) {
    List.copyOf(sent).stream() // the next is sent meanwhile
        .filter(one -> one.what().contains(what))
        .forEach(one -> one.promise().complete(Collections.nCopies(one.what().size(), REPLY)));
  }
}
