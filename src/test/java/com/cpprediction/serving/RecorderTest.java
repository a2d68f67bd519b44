package com.cpprediction.serving;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.bus.Recorded;
import com.cpprediction.persistence.Predictions;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.internal.ContextInternal;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class RecorderTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final BlockingQueue<Message<RecordBatch>> messages = new LinkedBlockingQueue<>();
  private final DirectRecorder direct = new DirectRecorder();
  private Vertx vertx;
  private Context context;
  private Recorder recorder;

  @BeforeEach
  void prepare(Vertx vertx) throws Exception {
    this.vertx = vertx;
    Bus.registerCodecs(vertx.eventBus());
    vertx.eventBus().<RecordBatch>localConsumer(Bus.RECORD, messages::add);
    context = vertx.getOrCreateContext();
    recorder = onLoop(() -> new Recorder(vertx, direct, true));
  }

  @Test
  void sendsTheRequestsOfAPassAsOneMessageAndTheNextOnesAsAnother() throws Exception {
    var requests = List.of(request("S0"), request("S1"), request("S2"));
    var results = recordAll(requests, LONG);
    var first = messages.take();
    var later = recordAll(List.of(request("S3")), LONG);

    var taken = Recorded.ALL.and(List.of(requests.get(1).predictions().get(0).request().id()));
    var overloaded = Recorded.failed(Failure.OVERLOADED.because("full"));
    first.reply(new RecordReply(List.of(Recorded.ALL, taken, overloaded)));
    messages.take().reply(new RecordReply(List.of(Recorded.ALL)));

    assertThat(first.body().requests()).isEqualTo(requests);
    assertThat(results.get(0).await(60, SECONDS)).isEqualTo(Recorded.ALL);
    assertThat(results.get(1).await(60, SECONDS)).isEqualTo(taken);
    assertThat(results.get(2).await(60, SECONDS)).isEqualTo(overloaded);
    assertThat(later.get(0).await(60, SECONDS)).isEqualTo(Recorded.ALL);
  }

  @Test
  void sendsEachRequestAsAMessageOfItsOwnWhereTheyDoNotShareOne() throws Exception {
    recorder = onLoop(() -> new Recorder(vertx, direct, false));
    var results = recordAll(List.of(request("S0"), request("S1")), LONG);
    messages.take();

    messages.take().reply(new RecordReply(List.of(Recorded.ALL)));

    assertThat(results.get(1).await(60, SECONDS)).isEqualTo(Recorded.ALL);
    assertThat(results.get(0).isComplete()).isFalse();
  }

  @Test
  void failsACallerAtItsDeadlineAndKeepsTheOthersWaiting() throws Exception {
    var results =
        onLoop(
            () ->
                List.of(
                    recorder.record(request("S0"), Deadline.in(Duration.ofMillis(5))),
                    recorder.record(request("S1"), Deadline.in(LONG)),
                    recorder.record(request("S2"), Deadline.in(Duration.ofMillis(20)))));
    var message = messages.take();

    assertThatThrownBy(() -> results.get(0).await(60, SECONDS)).satisfies(this::isLate);
    assertThatThrownBy(() -> results.get(2).await(60, SECONDS)).satisfies(this::isLate);
    assertThat(results.get(1).isComplete()).isFalse();
    message.reply(new RecordReply(List.of(Recorded.ALL, Recorded.ALL, Recorded.ALL)));
    assertThat(results.get(1).await(60, SECONDS)).isEqualTo(Recorded.ALL);
  }

  @Test
  void failsAllCallersWhenNothingReplies() throws Exception {
    var results = recordAll(List.of(request("S0"), request("S1")), Duration.ofMillis(5));

    for (var result : results) {
      assertThatThrownBy(() -> result.await(60, SECONDS)).satisfies(this::isLate);
    }
  }

  @Test
  void keepsTheRequestsOfAPassDirectly() throws Exception {
    var batches = new ArrayList<RecordBatch>();
    direct.open(
        batch -> {
          batches.add(batch);
          return Future.succeededFuture(new RecordReply(List.of(Recorded.ALL, Recorded.ALL)));
        });
    var requests = List.of(request("S0"), request("S1"));

    var results = recordAll(requests, LONG);

    for (var result : results) assertThat(result.await(60, SECONDS)).isEqualTo(Recorded.ALL);
    assertThat(batches).containsExactly(new RecordBatch(requests));
    assertThat(messages).isEmpty();
  }

  @Test
  void sendsAMessageWhereTheDirectWayIsBusy() throws Exception {
    direct.open(batch -> null);

    var results = recordAll(List.of(request("S0")), LONG);

    messages.take().reply(new RecordReply(List.of(Recorded.ALL)));
    assertThat(results.get(0).await(60, SECONDS)).isEqualTo(Recorded.ALL);
  }

  @Test
  void failsCallersAtTheirDeadlinesWhileTheDirectWayEndsLate() throws Exception {
    var kept = Promise.<RecordReply>promise();
    direct.open(batch -> kept.future());
    var results =
        onLoop(
            () ->
                List.of(
                    recorder.record(request("S0"), Deadline.in(Duration.ofMillis(5))),
                    recorder.record(request("S1"), Deadline.in(LONG))));

    assertThatThrownBy(() -> results.get(0).await(60, SECONDS)).satisfies(this::isLate);
    assertThat(results.get(1).isComplete()).isFalse();
    kept.complete(new RecordReply(List.of(Recorded.ALL, Recorded.ALL)));
    assertThat(results.get(1).await(60, SECONDS)).isEqualTo(Recorded.ALL);
  }

  @Test
  void completesOnTheContextOfTheCaller() throws Exception {
    var caller = ((ContextInternal) context).duplicate();
    var completedOn = Promise.<Context>promise();
    caller.runOnContext(
        go ->
            recorder
                .record(request("S0"), Deadline.in(LONG))
                .onComplete(done -> completedOn.complete(Vertx.currentContext())));

    messages.take().reply(new RecordReply(List.of(Recorded.ALL)));

    assertThat(completedOn.future().await(60, SECONDS)).isSameAs(caller);
  }

  private void isLate(Throwable failure) {
    assertThat(Failure.of(failure)).isEqualTo(Failure.DEADLINE_EXCEEDED);
  }

  private List<Future<Recorded>> recordAll(List<RecordRequest> requests, Duration time)
      throws Exception {
    return onLoop(
        () -> {
          var results = new ArrayList<Future<Recorded>>();
          for (var request : requests) results.add(recorder.record(request, Deadline.in(time)));
          return results;
        });
  }

  private static RecordRequest request(String shipment) {
    return new RecordRequest(List.of(Predictions.of(shipment)));
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    var done = Promise.<T>promise();
    context.runOnContext(
        go -> {
          try {
            done.complete(work.call());
          } catch (Exception e) {
            done.fail(e);
          }
        });
    return done.future().await(60, SECONDS);
  }
}
