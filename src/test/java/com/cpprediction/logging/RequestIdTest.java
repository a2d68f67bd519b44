package com.cpprediction.logging;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.junit5.VertxExtension;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
class RequestIdTest {
  private static final String NONE = "none";

  private Vertx vertx;

  /** A verticle with one consumer. */
  private static final class Neighbour extends VerticleBase {
    private final Consumer<Message<String>> answer;

    Neighbour(Consumer<Message<String>> answer) {
      this.answer = answer;
    }

    @Override
    public Future<?> start() {
      return vertx.eventBus().<String>consumer("ask", answer::accept).completion();
    }
  }

  @BeforeEach
  void propagate(Vertx fresh) {
    vertx = fresh;
    RequestId.propagate(vertx.eventBus());
  }

  @ParameterizedTest
  @EnumSource(names = {"EVENT_LOOP", "WORKER"})
  void propagatesToOtherVerticlesAndTheirCallbacks(ThreadingModel model) throws Exception {
    deploy(
        model,
        message -> {
          var first = current();
          var timer = Promise.<String>promise();
          vertx.setTimer(1, fired -> timer.complete(current()));
          timer
              .future()
              .compose(later -> vertx.executeBlocking(() -> later + " " + current()))
              .onSuccess(later -> message.reply(first + " " + later));
        });

    assertThat(ask("r-1")).isEqualTo("r-1 r-1 r-1");
    assertThat(ask("r-2")).isEqualTo("r-2 r-2 r-2");
  }

  @Test
  void doesNotLeakIntoTheNextRequest() throws Exception {
    deploy(ThreadingModel.EVENT_LOOP, message -> message.reply(current()));

    assertThat(ask("r-1")).isEqualTo("r-1");
    assertThat(ask(null)).isEqualTo(NONE);
  }

  @Test
  void isClearedBeforeWorkForManyRequests() throws Exception {
    deploy(
        ThreadingModel.EVENT_LOOP,
        message -> {
          RequestId.clear();
          vertx.setTimer(1, fired -> message.reply(current()));
        });

    assertThat(ask("r-1")).isEqualTo(NONE);
  }

  @Test
  void staysWithTheSenderThroughTheReply() throws Exception {
    deploy(
        ThreadingModel.EVENT_LOOP,
        message -> {
          RequestId.set("another");
          message.reply("");
        });
    var seen = Promise.<String>promise();

    onRequest(
        "r-1", () -> vertx.eventBus().request("ask", "").onSuccess(a -> seen.complete(current())));

    assertThat(seen.future().await(60, SECONDS)).isEqualTo("r-1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\nb", "ä", "{}", "\u001b[2J"})
  void ignoresUnsafeIdsInMessages(String made) throws Exception {
    deploy(ThreadingModel.EVENT_LOOP, message -> message.reply(current()));

    var answer =
        vertx
            .eventBus()
            .request("ask", "", new DeliveryOptions().addHeader(RequestId.HEADER, made));

    assertThat(answer.await(60, SECONDS).body()).isEqualTo(NONE);
    assertThat(RequestId.isSafe("a".repeat(64))).isTrue();
    assertThat(RequestId.isSafe("a".repeat(65))).isFalse();
  }

  @Test
  void isNotSetOnASharedContext() throws Exception {
    var kept = Promise.<String>promise();

    vertx.runOnContext(
        now -> {
          RequestId.set("r-1");
          kept.complete(current());
        });

    assertThat(kept.future().await(60, SECONDS)).isEqualTo(NONE);
    assertThat(RequestId.current()).isNull(); // a thread without a Vert.x context
  }

  private void deploy(ThreadingModel model, Consumer<Message<String>> answer) throws Exception {
    vertx
        .deployVerticle(new Neighbour(answer), new DeploymentOptions().setThreadingModel(model))
        .await(60, SECONDS);
  }

  /** The verticle's reply to request {@code id}. */
  private String ask(String id) throws Exception {
    var answer = Promise.<String>promise();
    onRequest(
        id,
        () ->
            vertx
                .eventBus()
                .<String>request("ask", "")
                .onSuccess(reply -> answer.complete(reply.body())));
    return answer.future().await(60, SECONDS);
  }

  /** Runs {@code work} on a duplicated context, like a message handler. */
  private void onRequest(String id, Runnable work) {
    var door = "door-" + System.nanoTime();
    vertx
        .eventBus()
        .localConsumer(
            door,
            message -> {
              if (id != null) RequestId.set(id);
              work.run();
            });
    vertx.eventBus().send(door, "");
  }

  private static String current() {
    return Objects.requireNonNullElse(RequestId.current(), NONE);
  }
}
