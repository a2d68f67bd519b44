package com.cpprediction.inference;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.PredictionService;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Tensors as bytes beside their descriptions, the same over REST and gRPC: elements in row-major
 * order without padding, numbers little-endian, each element of {@link Datatype#BYTES} after its
 * length in 4 bytes.
 */
public final class RawTensors {
  private RawTensors() {}

  /**
   * The elements of an input of {@link Datatype#BYTES}.
   *
   * @param raw read to its limit
   * @param name of the input, for a failure
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST}, also where there are more elements
   *     than an input has at most: further ones are not read
   */
  public static List<String> texts(ByteBuffer raw, String name) {
    var bytes = raw.order(ByteOrder.LITTLE_ENDIAN);
    var texts = new ArrayList<String>();
    while (bytes.hasRemaining()) {
      if (texts.size() == PredictionService.MAX_BATCH) {
        throw Failure.MALFORMED_REQUEST.because(
            "The bytes of input %s are more than %d elements"
                .formatted(name, PredictionService.MAX_BATCH));
      }
      int length = bytes.remaining() < Integer.BYTES ? -1 : bytes.getInt();
      if (length < 0 || length > bytes.remaining()) {
        throw Failure.MALFORMED_REQUEST.because(
            "The bytes of input %s must be elements, each after its length in 4 bytes, little-endian"
                .formatted(name));
      }
      texts.add(text(bytes.slice(bytes.position(), length), name));
      bytes.position(bytes.position() + length);
    }
    return texts;
  }

  private static String text(ByteBuffer utf8, String name) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw Failure.MALFORMED_REQUEST.because("Elements of input %s must be UTF-8".formatted(name));
    }
  }

  /** The bytes of {@code tensor}. */
  public static byte[] bytes(Tensor tensor) {
    return tensor.datatype() == Datatype.BYTES
        ? texts(tensor.elements())
        : doubles(tensor.elements());
  }

  private static byte[] texts(List<Object> elements) {
    var texts = new ArrayList<byte[]>(elements.size());
    int size = 0;
    for (var element : elements) {
      var text = ((String) element).getBytes(StandardCharsets.UTF_8);
      texts.add(text);
      size += Integer.BYTES + text.length;
    }
    var out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (var text : texts) out.putInt(text.length).put(text);
    return out.array();
  }

  private static byte[] doubles(List<Object> elements) {
    var out = ByteBuffer.allocate(elements.size() * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (var element : elements) out.putDouble((Double) element);
    return out.array();
  }
}
