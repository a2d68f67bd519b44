package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.json.StrictJson;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PredictionIds;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link StrictJson} and the {@link ShipmentReader} of its objects are the oracle. */
class ShipmentParserTest {
  private static final int BODIES = 20_000;
  private static final String[] NAMES = {"shipment_id", "address", "pincode", "prediction_id"};
  private static final String[] SPACES = {"", "", "", " ", "\n", "\t\r", "  "};
  private static final String[] BEFORE_BODIES = {"\uFEFF", " ", "\u00A0", "x", "[", "\u0000"};
  private static final String[] AFTER_BODIES = {" ", "\n\n", "}", "{}", "x", "\u0000", ","};

  private static final String[] ODD_VALUES = {
    "null",
    "true",
    "560017",
    "1e400",
    "-0.0",
    "{}",
    "[]",
    "[\"a\"]",
    "\"\"",
    "\" \"",
    "'a'",
    "a",
    "",
    "{\"a\":{\"b\":[[[[1]]]]}}",
    "[".repeat(40) + "]".repeat(40),
    "9".repeat(120),
    "\"" + "x".repeat(1_001) + "\"",
    "\"" + "x".repeat(20_000) + "\"",
    "\"" + "\\ud83d\\ude00".repeat(1_000) + "\"",
    "\"\\ud83d\"",
    "\"\\ude00\\ud83d\"",
  };

  private static final String[] ODD_NAMES = {
    "\"adress\"",
    "\"Address\"",
    "\"address \"",
    "\"\"",
    "\"\\u0061ddress\"",
    "address",
    "'address'",
    "\"shipments\"",
    "\"address\\u0000\"",
    "null",
    "1",
  };

  private static final String[] PIECES = {
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\f",
    "\\n",
    "\\r",
    "\\t",
    "\\u0041",
    "\\u00e9",
    "\\u20AC",
    "\\u0000",
    "\\u001f",
    "\\ud83d\\ude00",
    "\\u12",
    "\\x",
    "\\",
    "\\u12g4",
    "\\U0041",
    "\\ude00",
    "é",
    "€",
    "😀",
    "\u2028",
    "\u007f",
    "\ufeff",
    "\t",
    "\n",
    "\u0001",
    "\"",
    "/",
  };

  private final ShipmentReader reader = TestReaders.shipments(WrongPincodes::prior);
  private final ServingRelease lease = ServingRelease.of(Map.of("560", "a"), Locator.NONE);

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void readsAsTheStrictReaderWhatItAccepts(long seed) {
    var random = new Random(seed);
    int accepted = 0;
    for (int i = 0; i < BODIES; i++) {
      var body = body(random, shipment(random));

      if (checked(body)) accepted++;
    }
    assertThat(accepted).isBetween(BODIES / 4, BODIES * 3 / 4);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void readsBatchesAsTheStrictReaderWhatItAccepts(long seed) {
    var random = new Random(seed);
    int accepted = 0;
    for (int i = 0; i < BODIES / 4; i++) {
      var shipments =
          random
              .ints(random.nextInt(4), 0, 1)
              .mapToObj(any -> shipment(random))
              .collect(Collectors.joining(random.nextInt(40) == 0 ? ";" : ","));
      var name =
          random.nextInt(20) == 0 ? ODD_NAMES[random.nextInt(ODD_NAMES.length)] : "\"shipments\"";
      var more = random.nextInt(20) == 0 ? ",\"shipments\":[]" : "";
      var body = body(random, "{" + space(random) + name + ":[" + shipments + "]" + more + "}");

      if (checkedBatch(body)) accepted++;
    }
    assertThat(accepted).isBetween(BODIES / 4 / 6, BODIES / 4 * 3 / 4);
  }

  @Test
  void acceptsWhatCallersSend() {
    assertThat(checked(utf8(usual(1)))).isTrue();
    assertThat(
            checked(
                utf8("\n { \"address\" : \"Caf\\u00e9 é 😀 560017\" , \"shipment_id\":\"S\"}\r\n")))
        .isTrue();
    assertThat(checkedBatch(utf8(batch(1)))).isTrue();
    assertThat(checkedBatch(utf8(batch(PredictionService.MAX_BATCH)))).isTrue();
  }

  @Test
  void leavesTheRestToTheStrictReader() {
    assertThat(checkedBatch(utf8(batch(0)))).isFalse();
    assertThat(checkedBatch(utf8(batch(PredictionService.MAX_BATCH + 1)))).isFalse();
    for (int length = 0; length < usual(1).length(); length++) {
      assertThat(checked(utf8(usual(1).substring(0, length)))).isFalse();
      assertThat(checkedBatch(utf8(batch(1).substring(0, length)))).isFalse();
    }
  }

  /** Every sequence of one to three bytes, and a sample of those of four, within an address. */
  @Test
  void acceptsValidUtf8Only() {
    for (int lead = 0x80; lead <= 0xFF; lead++) {
      for (int second = 0; second <= 0xFF; second++) {
        checked(address((byte) lead, (byte) second));
        for (int third : new int[] {0, 0x22, 0x7F, 0x80, 0x8F, 0x90, 0xBF, 0xC0, 0xFF}) {
          checked(address((byte) lead, (byte) second, (byte) third));
          checked(address((byte) lead, (byte) second, (byte) third, (byte) 0x80));
          checked(address((byte) lead, (byte) second, (byte) third, (byte) 0xBF));
        }
      }
    }
  }

  private static byte[] address(byte... content) {
    var body = new ByteArrayOutputStream();
    body.writeBytes(utf8("{\"shipment_id\":\"S\",\"address\":\"a"));
    body.writeBytes(content);
    body.writeBytes(utf8("\"}"));
    return body.toByteArray();
  }

  /** Whether the parser accepts {@code body}; fails where it reads another shipment. */
  private boolean checked(byte[] body) {
    var typed = ShipmentParser.shipment(body);
    if (typed == null) return false;
    var json = StrictJson.parseRequest(body);
    assertThat(json(typed)).as("%s", new Body(body)).isEqualTo(json);
    assertThat(result(Item.read(typed, reader, lease, WrongPincodes.prior()), typed))
        .isEqualTo(result(Item.read(json, reader, lease, WrongPincodes.prior()), typed));
    assertThat(StrictJson.parse(body)).isEqualTo(json);
    return true;
  }

  private boolean checkedBatch(byte[] body) {
    var typed = ShipmentParser.batch(body);
    if (typed == null) return false;
    var shipments = new JsonArray(typed.stream().map(ShipmentParserTest::json).toList());
    assertThat(new JsonObject().put("shipments", shipments))
        .as("%s", new Body(body))
        .isEqualTo(StrictJson.parseRequest(body));
    return true;
  }

  /** A shipment without the id that was made for it, or its failure. */
  private static List<@Nullable Object> result(Item item, TypedShipment typed) {
    var failure = item.failure();
    if (failure != null) return List.of(failure.failure(), failure.getMessage(), item.json());
    var request = item.request();
    boolean given = typed.predictionId() != null;
    return List.of(
        request.shipmentId(),
        request.typed(),
        request.address(),
        request.hypotheses(),
        given ? request.id() : "");
  }

  private static JsonObject json(TypedShipment typed) {
    var json =
        new JsonObject().put("shipment_id", typed.shipmentId()).put("address", typed.address());
    if (typed.pincode() != null) json.put("pincode", typed.pincode());
    if (typed.predictionId() != null) json.put("prediction_id", typed.predictionId());
    return json;
  }

  /** {@code content}, now and then damaged. */
  private static byte[] body(Random random, String content) {
    var text = space(random) + content + space(random);
    if (random.nextInt(30) == 0) text = BEFORE_BODIES[random.nextInt(BEFORE_BODIES.length)] + text;
    if (random.nextInt(30) == 0) text += AFTER_BODIES[random.nextInt(AFTER_BODIES.length)];
    var utf8 = utf8(text);
    if (random.nextInt(20) == 0) utf8[random.nextInt(utf8.length)] = (byte) random.nextInt(256);
    if (random.nextInt(40) == 0) return Arrays.copyOf(utf8, random.nextInt(utf8.length));
    return utf8;
  }

  private static String shipment(Random random) {
    var members = new ArrayList<String>();
    for (var name : NAMES) {
      if (random.nextInt(name.startsWith("p") ? 2 : 30) != 0) members.add(member(random, name));
    }
    Collections.shuffle(members, random);
    if (random.nextInt(20) == 0) members.add(member(random, NAMES[random.nextInt(NAMES.length)]));
    return space(random) + "{" + String.join(",", members) + "}";
  }

  private static String member(Random random, String name) {
    var written =
        random.nextInt(60) == 0 ? ODD_NAMES[random.nextInt(ODD_NAMES.length)] : '"' + name + '"';
    var value =
        random.nextInt(25) == 0
            ? ODD_VALUES[random.nextInt(ODD_VALUES.length)]
            : '"' + text(random, name) + '"';
    return space(random) + written + space(random) + ":" + space(random) + value + space(random);
  }

  private static String text(Random random, String name) {
    if (name.equals("pincode") && random.nextInt(4) != 0) return "560017";
    if (name.equals("prediction_id") && random.nextInt(4) != 0)
      return PredictionIds.next().toString();
    var text = new StringBuilder("No ");
    int length = random.nextInt(30);
    for (int i = 0; i < length; i++) {
      if (random.nextInt(40) == 0) text.append(PIECES[random.nextInt(PIECES.length)]);
      else text.append((char) ('a' + random.nextInt(26)));
    }
    return text.toString();
  }

  private static String space(Random random) {
    return SPACES[random.nextInt(SPACES.length)];
  }

  private static String usual(int number) {
    return "{\"shipment_id\":\"S%d\",\"address\":\"12 MG Road 560017\",\"pincode\":\"560017\"}"
        .formatted(number);
  }

  private static String batch(int count) {
    return IntStream.range(0, count)
        .mapToObj(ShipmentParserTest::usual)
        .collect(Collectors.joining(",", "{\"shipments\":[", "]}"));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A body in the message of a failed assertion. */
  private record Body(byte[] content) {
    @Override
    public String toString() {
      return new String(content, StandardCharsets.UTF_8);
    }
  }
}
