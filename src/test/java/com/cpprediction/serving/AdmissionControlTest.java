package com.cpprediction.serving;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.http.HttpFixture;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Of two shipments, half of which those who wait may have. */
@ExtendWith(VertxExtension.class)
public class AdmissionControlTest {
  private final AdmissionControl inFlight =
      new AdmissionControl(() -> 2, 1, new ServiceMetrics(new SimpleMeterRegistry(), "test"));
  private final List<String> resumed = new ArrayList<>();
  private ContextInternal loop;

  @BeforeEach
  void setUp(Vertx vertx) {
    loop = (ContextInternal) vertx.getOrCreateContext();
  }

  @Test
  void neverExceedsTheLimitNorRefusesWhatFits() throws Exception {
    int threads = 4;
    int limit = 10 * threads; // of which each thread wants 1 to 10 at a time
    var control =
        new AdmissionControl(
            () -> limit, threads, new ServiceMetrics(new SimpleMeterRegistry(), "test"));
    var most = new AtomicInteger();
    var running = new ArrayList<FutureTask<Void>>();
    for (int t = 0; t < threads; t++) {
      int seed = t;
      var task =
          new FutureTask<Void>(
              () -> {
                var random = new Random(seed);
                for (int i = 0; i < 50_000; i++) {
                  int count = 1 + random.nextInt(10);
                  control.admit(count); // fails the task where it refuses
                  most.accumulateAndGet(control.shipments(), Math::max);
                  control.release(count);
                }
                return null;
              });
      running.add(task);
      new Thread(task).start();
    }

    for (var task : running) task.get(60, SECONDS);

    assertThat(most.get()).isBetween(1, limit);
    assertThat(control.shipments()).isZero();
  }

  @Test
  void drainsOnceEveryLoopSaysThatNoRequestCanCome() {
    var control =
        new AdmissionControl(() -> 2, 2, new ServiceMetrics(new SimpleMeterRegistry(), "test"));

    var first = control.drained();
    assertThat(first.isComplete()).isFalse();
    control.admit(1);
    var second = control.drained();
    assertThat(second.isComplete()).isFalse();
    control.release(1);

    assertThat(first.succeeded() && second.succeeded()).isTrue();
  }

  @Test
  void roomMadeBeforeAStreamWaitsResumesIt() throws Exception {
    onLoop( // as where another event loop releases between a refusal and the wait for room
        () -> {
          inFlight.whenRoom(loop, () -> resumed.add("there is room"));
          return null;
        });

    HttpFixture.until(() -> onLoop(() -> resumed.size() == 1));
  }

  @Test
  void oneThatIsDoneAtOnceLetsTheNextInAndSoOn() throws Exception {
    onLoop(
        () -> {
          inFlight.admit(1);
          for (var name : List.of("A", "B", "C")) {
            inFlight.whenRoom(
                loop,
                () -> {
                  assertThat(inFlight.admitSome(1)).isEqualTo(1);
                  resumed.add(name);
                  inFlight.release(1);
                });
          }
          inFlight.release(1);
          assertThat(resumed).as("not within").isEmpty();
          return null;
        });

    HttpFixture.until(() -> onLoop(() -> resumed.size() == 3));
    assertThat(onLoop(() -> List.copyOf(resumed))).containsExactly("A", "B", "C");
    assertThat(inFlight.shipments()).isZero();
  }

  @Test
  void aCancelledRequestDoesNotKeepTheNextOneWaiting() throws Exception {
    onLoop(
        () -> {
          inFlight.admit(1);
          inFlight.whenRoom(loop, () -> resumed.add("done meanwhile"));
          Runnable left = () -> resumed.add("left");
          inFlight.whenRoom(loop, left);
          inFlight.whenRoom(loop, () -> resumed.add("waits"));
          inFlight.withdraw(left);
          inFlight.release(1);
          return null;
        });

    HttpFixture.until(() -> onLoop(() -> resumed.contains("waits")));
    assertThat(onLoop(() -> List.copyOf(resumed))).containsExactly("done meanwhile", "waits");
  }

  @Test
  void aWaitingRequestGoesOnInItsOwnContext() throws Exception {
    onLoop(
        () -> {
          inFlight.admit(1);
          var own = loop.duplicate();
          own.dispatch(() -> RequestId.set("its own"));
          inFlight.whenRoom(own, () -> resumed.add(RequestId.current()));
          var other = loop.duplicate();
          other.dispatch(
              () -> {
                RequestId.set("another's");
                inFlight.release(1);
              });
          return null;
        });

    HttpFixture.until(() -> onLoop(() -> !resumed.isEmpty()));
    assertThat(onLoop(() -> List.copyOf(resumed))).containsExactly("its own");
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    return Future.<T>future(
            promise ->
                loop.runOnContext(
                    go ->
                        promise.handle(
                            Future.succeededFuture()
                                .compose(
                                    now -> {
                                      try {
                                        return Future.succeededFuture(work.call());
                                      } catch (Exception e) {
                                        return Future.failedFuture(e);
                                      }
                                    }))))
        .await(60, SECONDS);
  }
}
