package com.cpprediction.json;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JsonBytesTest {
  private static String written(JsonBytes json) {
    return new String(json.array(), 0, json.length(), StandardCharsets.UTF_8);
  }

  @Test
  void writesEveryProbabilityOfSixDecimalsAsJacksonDoes() {
    for (int millionths = 0; millionths <= 1_000_000; millionths++) {
      double value = Math.rint(millionths / 1e6 * 1e6) / 1e6;

      var json = new JsonBytes(8).number(value);

      if (!written(json).equals(Double.toString(value))) {
        assertThat(written(json)).isEqualTo(Double.toString(value));
      }
    }
    assertThat(Json.encode(0.000_12)).isEqualTo(Double.toString(0.000_12));
  }

  @Test
  void writesOtherNumbersAsJacksonDoes() {
    var random = new Random(17);
    for (double value : new double[] {-0.0, -0.5, 1.5, 2, 1e-9, 1.234_567_89e-3, 1e300}) {
      assertThat(written(new JsonBytes(1).number(value))).isEqualTo(Json.encode(value));
    }
    for (int i = 0; i < 10_000; i++) {
      double value = random.nextDouble();

      assertThat(written(new JsonBytes(1).number(value))).isEqualTo(Json.encode(value));
    }
  }

  @Test
  void writesEveryCharacterAsJacksonDoes() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (c == Character.MIN_SURROGATE) c = Character.MAX_SURROGATE + 1;
      var text = "a" + Character.toString(c) + "b";
      var json = new JsonBytes(1).text(text);
      if (c > 0xFFF && c % 37 != 0) continue; // Jackson is slow

      assertThat(written(json)).isEqualTo(Json.encode(text));
    }
  }

  @Test
  void writesTextOfManyCharactersAsJacksonDoes() {
    var random = new Random(3);
    for (int i = 0; i < 5_000; i++) {
      var text = new StringBuilder();
      int length = random.nextInt(100);
      for (int j = 0; j < length; j++) {
        int c = random.nextInt(random.nextBoolean() ? 0x80 : Character.MAX_CODE_POINT + 1);
        if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) text.appendCodePoint(c);
      }

      var json = new JsonBytes(random.nextInt(64)).text(text.toString());

      assertThat(written(json)).isEqualTo(Json.encode(text.toString()));
    }
  }

  @Test
  void writesIdsAsTheyRead() {
    var random = new Random(5);
    for (int i = 0; i < 1_000; i++) {
      var id = new UUID(random.nextLong(), random.nextLong());

      assertThat(written(new JsonBytes(1).text(id))).isEqualTo("\"" + id + '"');
    }
  }

  @Test
  void appendsRawJson() {
    var json = new JsonBytes(1).raw('[').number(-7).raw(',').raw(new byte[] {'1', '2'}).raw(']');

    assertThat(written(json)).isEqualTo("[-7,12]");
  }
}
