package com.cpprediction.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Time passes only when the test lets the next timer fire. */
class FileWatchTest {
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration CONFIRMATION = Duration.ofMillis(250);

  private final List<Duration> delays = new ArrayList<>();
  private final Queue<Runnable> timers = new ArrayDeque<>();
  private final List<String> changes = new ArrayList<>();
  private Duration interval = INTERVAL;
  private String file = "a";
  private String handled = "a";
  private int reads;
  private Supplier<Future<?>> outcome = Future::succeededFuture;

  private final FileWatch<String> watch =
      new FileWatch<>(
          "a file",
          this::read,
          () -> handled,
          this::change,
          () -> interval,
          () -> CONFIRMATION,
          new FileWatch.Scheduler<>() {
            @Override
            public Future<String> executeBlocking(Supplier<String> read) {
              try {
                return Future.succeededFuture(read.get());
              } catch (RuntimeException e) {
                return Future.failedFuture(e);
              }
            }

            @Override
            public void after(Duration delay, Runnable poll) {
              delays.add(delay);
              timers.add(poll);
            }
          });

  private String read() {
    reads++;
    if (file.isEmpty()) throw new IllegalStateException("no file");
    return file;
  }

  private Future<?> change(String found) {
    changes.add(found);
    return outcome.get().onSuccess(done -> handled = found);
  }

  @Test
  void anUnchangedFileIsNoChange() {
    watch.start();
    tick(5);

    assertThat(changes).isEmpty();
    assertThat(reads).isEqualTo(5);
    assertThat(delays).containsOnly(INTERVAL);
  }

  @Test
  void aChangeIsActedOnOnceWhenTwoPollsReadTheSame() {
    watch.start();

    file = "b";
    tick(1);
    assertThat(changes).isEmpty();
    tick(5);

    assertThat(changes).containsExactly("b");
    assertThat(delays.subList(0, 3)).containsExactly(INTERVAL, CONFIRMATION, INTERVAL);
  }

  @Test
  void aFileThatIsStillBeingWrittenIsLeftAlone() {
    watch.start();

    for (int length = 1; length < 10; length++) {
      file = "b".repeat(length);
      tick(1);
    }
    assertThat(changes).isEmpty();
    tick(1);

    assertThat(changes).containsExactly("b".repeat(9));
  }

  @Test
  void aChangeTakenBackBeforeItsConfirmationIsNone() {
    watch.start();

    for (int i = 0; i < 3; i++) {
      file = "b";
      tick(1);
      file = "a";
      tick(1);
    }

    assertThat(changes).isEmpty();
  }

  @Test
  void aStateHandledElsewhereIsNoChange() {
    watch.start();

    file = "b";
    tick(1);
    handled = "b";
    tick(5);
    handled = "c";
    tick(1);

    assertThat(changes).containsExactly("b");
  }

  @Test
  void aChangeThatWasNotHandledIsTriedAgain() {
    outcome = () -> Future.failedFuture("not now");
    watch.start();

    file = "b";
    tick(3);
    outcome = Future::succeededFuture;
    tick(3);

    assertThat(changes).containsExactly("b", "b", "b");
    assertThat(handled).isEqualTo("b");
  }

  @Test
  void theNextPollWaitsForTheChange() {
    var change = Promise.<Void>promise();
    outcome = change::future;
    watch.start();

    file = "b";
    tick(2);
    assertThat(timers).isEmpty();
    change.complete();

    assertThat(timers).hasSize(1);
  }

  @Test
  void aFailedReadDoesNotEndTheWatch() {
    watch.start();

    file = "";
    tick(2);
    file = "b";
    tick(2);

    assertThat(changes).containsExactly("b");
  }

  @Test
  void aZeroIntervalPollsNothingUntilItIsPositive() {
    interval = Duration.ZERO;
    watch.start();

    tick(3);
    assertThat(reads).isZero();
    interval = INTERVAL;
    tick(2);

    assertThat(reads).isEqualTo(1);
  }

  @Test
  void aStoppedWatchPollsNoMore() {
    watch.start();

    watch.stop();
    tick(1);

    assertThat(reads).isZero();
    assertThat(timers).isEmpty();
  }

  private void tick(int times) {
    for (int i = 0; i < times; i++) timers.remove().run();
  }
}
