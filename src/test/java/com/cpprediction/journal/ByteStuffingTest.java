package com.cpprediction.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteStuffingTest {
  /** Lengths around those of full blocks, with few zeros and many, in one piece and two. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 10, 1_000_000})
  void decodesAllBytesAndWritesNoZero(int oneZeroIn) {
    var random = new Random(oneZeroIn);
    for (int length = 0; length < 1_100; length++) {
      var bytes = new byte[length];
      for (int i = 0; i < length; i++) {
        bytes[i] = oneZeroIn < 2 || random.nextInt(oneZeroIn) > 0 ? (byte) oneZeroIn : 0;
        if (oneZeroIn == 1_000_000) bytes[i] = (byte) (1 + random.nextInt(255));
      }
      int cut = random.nextInt(length + 1);

      var out = new byte[ByteStuffing.maxLength(length)];
      var encoder = new ByteStuffing.Encoder(out, 0);
      encoder.put(bytes, cut);
      encoder.put(Arrays.copyOfRange(bytes, cut, length), length - cut);
      int end = encoder.end();

      for (int i = 0; i < end; i++) assertThat(out[i]).isNotZero();
      var decoded = new byte[length];
      var followed = Arrays.copyOf(out, end + 3);
      if (length > 0) {
        assertThat(ByteStuffing.unstuff(followed, 0, decoded)).isEqualTo(end);
        assertThat(decoded).isEqualTo(bytes);
      }
    }
  }
}
