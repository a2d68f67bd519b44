package com.cpprediction.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.testing.TestScores;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

public class BusTest {
  private static final Address ADDRESS = new Address("12 mg road कोरमंगला", "560017");
  private static final PrefixScores SCORES =
      TestScores.of(
          "ab".repeat(32),
          ADDRESS,
          List.of(new Candidate("CP1", 0.970001), new Candidate("CP2", 0.02)));
  private static final Scored SCORED =
      new Scored("ab".repeat(32), List.of(new Candidate("CP1", 0.970001)));

  /** Those that travel between nodes. */
  static Stream<Object> remote() {
    return Stream.of(
        new OwnerRequest(
            "560",
            "cd".repeat(32),
            List.of(ADDRESS, new Address("no pincode", null)),
            true,
            true,
            new PincodeErrors(0.05, 0.002, 0.01),
            Deadline.in(Duration.ofHours(1))),
        new OwnerReply(
            List.of(
                new LookupResult(SCORES, Source.CACHE),
                new LookupResult(SCORES, Source.MODEL)
                    .explainedBy(new JsonObject().put("first", "CP1")))));
  }

  /** Those that are sent within a node only. */
  static Stream<Object> local() {
    var request =
        new PredictionRequest(
            UUID.fromString("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
            "S\"1\"",
            "12, MG Road 😀",
            ADDRESS,
            Hypotheses.certain("560", ADDRESS, PincodeErrors.of(0.01)));
    var deadline = new SharedDeadline(Deadline.in(Duration.ofHours(1)));
    return Stream.of(
        new ScoreBatch(
            List.of(
                new ScoreRequest(
                    7, "560", List.of(ADDRESS), deadline, false, PincodeErrors.of(0.01)))),
        new ScoreReplies(
            List.of(
                Future.succeededFuture(new ScoreReply(List.of(SCORES, SCORES), List.of(), 1, 2)))),
        new RecordBatch(
            List.of(
                new RecordRequest(
                    List.of(
                        request.predicted(
                            TestScores.believing(ADDRESS, "560", SCORED), Source.MODEL))))),
        new RecordReply(List.of(Recorded.ALL)));
  }

  static Stream<Object> all() {
    return Stream.concat(remote(), local());
  }

  @ParameterizedTest
  @MethodSource("remote")
  void bringsARecordToAnotherNodeUnchanged(Object message) {
    var codec = codecs().get(message.getClass());
    var wire = Buffer.buffer("before");

    codec.encodeToWire(wire, message);
    wire.appendString("after");

    var read = codec.decodeFromWire("before".length(), wire);
    assertThat(read)
        .usingRecursiveComparison()
        .ignoringFieldsOfTypes(Deadline.class)
        .isEqualTo(message);
    if (read instanceof OwnerRequest request) {
      assertThat(request.deadline().remainingMillis()).isBetween(3_000_000L, 3_600_000L);
    }
  }

  @ParameterizedTest
  @MethodSource("local")
  void refusesToSendARecordOfThisNodeToAnother(Object message) {
    var codec = codecs().get(message.getClass());

    assertThatThrownBy(() -> codec.encodeToWire(Buffer.buffer(), message))
        .hasMessageContaining("within a node only");
    assertThatThrownBy(() -> codec.decodeFromWire(0, Buffer.buffer("{}")))
        .hasMessageContaining("within a node only");
  }

  @ParameterizedTest
  @MethodSource("all")
  @ExtendWith(VertxExtension.class)
  void passesEveryRecordByReferenceInsideANode(Object message, Vertx vertx) throws Exception {
    Bus.registerCodecs(vertx.eventBus());
    vertx.eventBus().consumer("echo", received -> received.reply(received.body()));

    var reply = vertx.eventBus().request("echo", message).await(60, SECONDS);

    assertThat(reply.body()).isSameAs(message);
  }

  @Test
  void failsOnWhatItCannotRead() {
    var codec = codecs().get(OwnerRequest.class);
    var wire = Buffer.buffer().appendInt(2).appendString("{}");

    assertThatThrownBy(() -> codec.decodeFromWire(0, wire)).isInstanceOf(RuntimeException.class);
  }

  /** What {@link Bus#registerCodecs} registers, caught by a bus that does nothing else. */
  @SuppressWarnings("unchecked")
  private static Map<Class<?>, MessageCodec<Object, Object>> codecs() {
    var codecs = new HashMap<Class<?>, MessageCodec<Object, Object>>();
    var bus =
        (EventBus)
            Proxy.newProxyInstance(
                BusTest.class.getClassLoader(),
                new Class<?>[] {EventBus.class},
                (proxy, method, arguments) -> {
                  codecs.put((Class<?>) arguments[0], (MessageCodec<Object, Object>) arguments[1]);
                  return proxy;
                });
    Bus.registerCodecs(bus);
    return codecs;
  }
}
