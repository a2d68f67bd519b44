package com.cpprediction.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class DigestsTest {
  /** FIPS 180-2, B.1. */
  private static final String OF_ABC =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  private static final byte[] ABC = {'a', 'b', 'c'};

  @Test
  void equalsTheDigestOfTheStandard() {
    assertThat(Digests.sha256Hex(ABC)).isEqualTo(OF_ABC);
    assertThat(HexFormat.of().formatHex(Digests.sha256(ABC))).isEqualTo(OF_ABC);
  }

  @Test
  void digestsTheRemainingBytesOfABuffer() {
    var buffer = ByteBuffer.wrap(new byte[] {'x', 'a', 'b', 'c', 'y'}, 1, 3);

    assertThat(Digests.sha256Hex(buffer)).isEqualTo(OF_ABC);
    assertThat(buffer.hasRemaining()).isFalse();
  }
}
