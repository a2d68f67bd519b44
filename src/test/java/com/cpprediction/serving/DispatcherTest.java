package com.cpprediction.serving;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.http.HttpFixture;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.Dispatcher.Lane;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Workers are promises here: one is busy until the test keeps its promise. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
public class DispatcherTest {
  private static final int MANY = 64; // processors

  private final List<Sent> sent = new ArrayList<>();
  private final Vertx vertx;
  private Dispatcher dispatcher;

  private record Sent(String what, int worker, Promise<String> answer) {
    @Override
    public String toString() {
      return what + " to " + worker;
    }
  }

  DispatcherTest(Vertx vertx) {
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
    var batch = dispatcher.lane(2);
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
    var batch = dispatcher.lane(2);
    for (int i = 1; i <= 10; i++) bulk(batch, "A" + i);

    single("a");

    assertThat(sent).hasToString("[A1 to 0, A2 to 1, A3 to 2, a to 3]");
  }

  @Test
  void runsNoMoreChunksThanThereAreProcessors() {
    dispatcher = new Dispatcher(vertx, 8, 2);
    var batch = dispatcher.lane(2);

    for (int i = 1; i <= 10; i++) bulk(batch, "A" + i);

    assertThat(sent).hasToString("[A1 to 0, A2 to 1]");
  }

  @Test
  void letsCallersOfBulkTakeTurns() {
    workers(1);
    var first = dispatcher.lane(2);
    var second = dispatcher.lane(2);
    for (var what : List.of("A1", "A2", "A3")) bulk(first, what);
    for (var what : List.of("B1", "B2")) bulk(second, what);

    for (int i = 0; i < 5; i++) done(sent.get(i).what());

    assertThat(sent).extracting(Sent::what).containsExactly("A1", "A2", "B1", "A3", "B2");
  }

  @Test
  void starvesNeitherBulkNorSingles() {
    workers(1);
    single("first");
    var batch = dispatcher.lane(2);
    for (int i = 1; i <= 3; i++) bulk(batch, "A" + i);
    for (int i = 1; i <= 100; i++) single("s" + i);

    for (int i = 0; i < 104; i++) done(sent.get(i).what());

    assertThat(sent).hasSize(104);
    var chunks =
        sent.stream().filter(one -> one.what().startsWith("A")).map(sent::indexOf).toList();
    assertThat(chunks).hasSize(3);
    assertThat(chunks.get(0)).isLessThanOrEqualTo(Dispatcher.CHUNK + 1);
    assertThat(chunks.get(1) - chunks.get(0)).isEqualTo(Dispatcher.CHUNK + 1);
    assertThat(chunks.get(2) - chunks.get(1)).isEqualTo(Dispatcher.CHUNK + 1);
  }

  @Test
  void dropsAnExpiredTaskWhenItsTurnComes() {
    workers(1);
    single("a");
    single("b");

    var late = dispatcher.dispatch(dispatcher.lane(1), () -> true, worker -> send("late", worker));
    var next = single("c");
    done("a");
    done("b");

    assertThat(Failure.of(late.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    done("c");
    assertThat(next.result()).isEqualTo("c");
    assertThat(sent).extracting(Sent::what).containsExactly("a", "b", "c");
  }

  @Test
  void dropsExpiredTasksWhileAllWorkersStall() {
    workers(1);
    single("a");
    single("b");
    var over = new AtomicBoolean();
    var single = dispatcher.dispatch(dispatcher.lane(1), over::get, worker -> send("s", worker));
    var chunk = dispatcher.dispatch(dispatcher.lane(2), over::get, worker -> send("c", worker));
    var waiting = bulk(dispatcher.lane(2), "A1");
    assertThat(List.of(single, chunk, waiting)).noneMatch(Future::isComplete);

    over.set(true);
    single("next");

    assertThat(Failure.of(single.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    assertThat(Failure.of(chunk.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    assertThat(waiting.isComplete()).isFalse();
    assertThat(sent).extracting(Sent::what).containsExactly("a", "b");
  }

  @Test
  void aFailureIsThatOfItsMessageOnly() {
    workers(1);
    var broken = single("a");
    var next = single("b");

    sent.get(0).answer().fail("broken");
    done("b");

    assertThat(broken.cause()).hasMessage("broken");
    assertThat(next.result()).isEqualTo("b");
  }

  @Test
  void comesThroughThousandsThatFailAtOnce() {
    workers(1);
    single("a");
    single("b");
    var answers = new ArrayList<Future<Object>>();
    for (int i = 0; i < 20_000; i++) {
      answers.add(
          dispatcher.dispatch(
              dispatcher.lane(1),
              () -> false,
              worker -> {
                throw new IllegalStateException("no way to send it");
              }));
    }

    done("a");

    assertThat(answers).allSatisfy(answer -> assertThat(answer.failed()).isTrue());
  }

  @Test
  void sendsNothingToAWorkerThatDidNotAnswerInTimeUntilItHasFinished() throws Exception {
    workers(2);
    var asked = Promise.<Message<Object>>promise();
    vertx.eventBus().<Object>consumer(Bus.score(0), asked::complete);
    var stuck = single("stuck");
    sent.get(0).answer().fail(new ReplyException(ReplyFailure.TIMEOUT, "no answer"));

    var probe = asked.future().await(10, SECONDS);
    assertThat(Failure.of(stuck.cause())).isEqualTo(Failure.DEADLINE_EXCEEDED);
    single("a");
    done("a");
    single("b");
    assertThat(sent).hasToString("[stuck to 0, a to 1, b to 1]");

    probe.reply(null);
    HttpFixture.until(
        () -> {
          var freed = Promise.<Boolean>promise();
          single("c").onComplete(done -> freed.complete(true));
          var last = sent.get(sent.size() - 1);
          if (!last.answer().future().isComplete()) last.answer().complete("c");
          return last.worker() == 0;
        });
  }

  private void workers(int count) {
    dispatcher = new Dispatcher(vertx, count, MANY);
  }

  private Future<String> single(String what) {
    return bulk(dispatcher.lane(1), what);
  }

  private Future<String> bulk(Lane lane, String what) {
    return dispatcher.dispatch(lane, () -> false, worker -> send(what, worker));
  }

  private Future<String> send(String what, int worker) {
    var one = new Sent(what, worker, Promise.promise());
    sent.add(one);
    return one.answer().future();
  }

  private void done(String what) {
    List.copyOf(sent).stream() // the next is sent meanwhile
        .filter(one -> one.what().equals(what))
        .forEach(one -> one.answer().complete(what));
  }
}
