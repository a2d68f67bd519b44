package com.cpprediction.http;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.http.Events.Look;
import com.cpprediction.metrics.ServiceMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class EventsTest {
  @Test
  void aLookThatThrowsIsFollowedByAnother(Vertx vertx) throws Exception {
    var looks = new AtomicInteger();
    var look =
        new Look(
            "state",
            1,
            () -> {
              if (looks.incrementAndGet() == 1) throw new IllegalStateException("on purpose");
              return Future.succeededFuture("{\"look\":2}");
            });
    var metrics = new ServiceMetrics(new SimpleMeterRegistry(), "test");
    var events = new Events(vertx, metrics, Duration.ofMillis(5), List.of(look));
    var router = Router.router(vertx);
    router.get("/events").handler(events::listen);
    var server =
        vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1").await(10, SECONDS);
    var told = Promise.<Void>promise();
    var heard = Buffer.buffer();

    var answer =
        vertx
            .createHttpClient()
            .request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/events")
            .compose(HttpClientRequest::send)
            .onSuccess(
                response ->
                    response.handler(
                        chunk -> {
                          heard.appendBuffer(chunk);
                          if (heard.toString().contains("event:")) told.tryComplete();
                        }))
            .await(10, SECONDS);
    told.future().await(10, SECONDS);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(heard.toString()).contains("event: state\ndata: {\"look\":2}\n\n");
  }
}
