package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.testing.Await;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class JournalRewriterTest {
  private final List<Promise<Void>> rewrites = new CopyOnWriteArrayList<>();
  private volatile boolean settled = true;

  @Test
  void repeatsARewriteThatFailed(Vertx vertx) throws Exception {
    var loop = vertx.getOrCreateContext();
    var rewriter = on(loop, () -> rewriter(vertx));
    var erased = on(loop, rewriter::rewrite);

    end(loop, 0, "no space left on device");
    Await.until("another attempt", () -> rewrites.size() == 2);
    assertThat(rewriter.failing()).isTrue();
    assertThat(rewriter.pending()).isEqualTo(1);
    assertThat(erased.isComplete()).isFalse();
    var later = on(loop, rewriter::rewrite); // after the attempt began
    end(loop, 1, "no space left on device");
    Await.until("a third attempt", () -> rewrites.size() == 3);
    end(loop, 2, null);

    erased.await(10, TimeUnit.SECONDS);
    later.await(10, TimeUnit.SECONDS);
    assertThat(rewriter.failing()).isFalse();
    assertThat(rewriter.pending()).isZero();
    assertThat(rewrites).hasSize(3);
  }

  @Test
  void rewritesAgainForAnErasureThatCameMeanwhile(Vertx vertx) throws Exception {
    var loop = vertx.getOrCreateContext();
    var rewriter = on(loop, () -> rewriter(vertx));
    var first = on(loop, rewriter::rewrite);
    var second = on(loop, rewriter::rewrite);

    end(loop, 0, null);
    first.await(10, TimeUnit.SECONDS);
    assertThat(second.isComplete()).isFalse();
    assertThat(rewriter.pending()).isEqualTo(1);
    end(loop, 1, null);

    second.await(10, TimeUnit.SECONDS);
    assertThat(rewriter.pending()).isZero();
  }

  @Test
  void rewritesOnceForLateRowsThatFollowEachOther(Vertx vertx) throws Exception {
    var loop = vertx.getOrCreateContext();
    var rewriter = on(loop, () -> rewriter(vertx));

    on(
        loop,
        () -> {
          for (int row = 0; row < 1_000; row++) rewriter.rewriteLateRows();
          return true;
        });

    assertThat(rewriter.pending()).isEqualTo(1);
    Await.until("a rewrite", () -> rewrites.size() == 1);
    end(loop, 0, null);
    Await.until("its end", () -> rewriter.pending() == 0);
    assertThat(rewrites).hasSize(1);
  }

  @Test
  void repeatsARewriteThatThrew(Vertx vertx) throws Exception {
    var failures = new AtomicInteger();
    var loop = vertx.getOrCreateContext();
    var rewriter =
        on(
            loop,
            () ->
                new JournalRewriter(
                    vertx,
                    until -> true,
                    () -> {
                      if (failures.getAndIncrement() == 0) throw new StackOverflowError();
                      return Future.succeededFuture();
                    },
                    Duration.ofMillis(1),
                    Clock.systemUTC()));

    on(loop, rewriter::rewrite).await(10, TimeUnit.SECONDS);

    assertThat(failures).hasValue(2);
    assertThat(rewriter.pending()).isZero();
  }

  @Test
  void waitsForOlderRowsUntilTheServiceStops(Vertx vertx) throws Exception {
    settled = false;
    var loop = vertx.getOrCreateContext();
    var rewriter = on(loop, () -> rewriter(vertx));
    var erased = on(loop, rewriter::rewrite);

    on(
        loop,
        () -> {
          rewriter.stop();
          return true;
        });

    assertThatThrownBy(() -> erased.await(10, TimeUnit.SECONDS)).hasMessageContaining("stopping");
    assertThat(rewrites).isEmpty();
    assertThat(rewriter.pending()).isEqualTo(1);
  }

  private JournalRewriter rewriter(Vertx vertx) {
    return new JournalRewriter(
        vertx, until -> settled, this::rewrite, Duration.ofMillis(1), Clock.systemUTC());
  }

  private Future<Void> rewrite() {
    var promise = Promise.<Void>promise();
    rewrites.add(promise);
    return promise.future();
  }

  private void end(Context loop, int rewrite, String failure) throws Exception {
    on(
        loop,
        () ->
            failure == null
                ? rewrites.get(rewrite).tryComplete()
                : rewrites.get(rewrite).tryFail(failure));
  }

  private static <T> T on(Context loop, Callable<T> action) throws Exception {
    var done = Promise.<T>promise();
    loop.runOnContext(
        run -> {
          try {
            done.complete(action.call());
          } catch (Exception e) {
            done.fail(e);
          }
        });
    return done.future().await(10, TimeUnit.SECONDS);
  }
}
