package com.cpprediction.grpc;

import com.cpprediction.prediction.Failure;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.WireFormat;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The bytes of messages. */
final class Messages {
  /**
   * Fields of a message at most, those of messages in it and each element of packed fields
   * included: about three times as many as a valid request has. An empty field takes two bytes, and
   * once parsed some hundred; a packed element takes one, and once parsed eight or more.
   */
  static final int MAX_FIELDS = 20_000;

  private Messages() {}

  /**
   * Reads a message of the type of {@code type}.
   *
   * @throws com.cpprediction.prediction.ServiceException {@link Failure#MALFORMED_REQUEST}
   */
  @SuppressWarnings("unchecked") // the parser of a message makes messages of its type
  static <T extends Message> T parse(T type, byte[] bytes) {
    try {
      count(CodedInputStream.newInstance(bytes), type.getDescriptorForType(), MAX_FIELDS);
      return (T) type.getParserForType().parseFrom(bytes);
    } catch (IOException e) {
      throw Failure.MALFORMED_REQUEST.because(
          "The message is not a valid %s: %s"
              .formatted(type.getDescriptorForType().getFullName(), e.getMessage()));
    }
  }

  /**
   * Counts the fields of a message before it is parsed.
   *
   * @return how many more there may be
   */
  private static int count(CodedInputStream in, Descriptor type, int most) throws IOException {
    int left = most;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (--left < 0) throw tooMany();
      int wireType = WireFormat.getTagWireType(tag);
      if (wireType == WireFormat.WIRETYPE_START_GROUP) {
        throw new InvalidProtocolBufferException("a group, which it doesn't have");
      }
      var field = type.findFieldByNumber(WireFormat.getTagFieldNumber(tag));
      if (field == null || wireType != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        in.skipField(tag);
      } else if (field.getJavaType() == JavaType.MESSAGE) {
        int limit = in.pushLimit(in.readRawVarint32());
        left = count(in, field.getMessageType(), left);
        in.popLimit(limit);
      } else {
        int length = in.readRawVarint32();
        if (field.isPackable()) left -= Math.max(0, length) / leastSize(field);
        if (left < 0) throw tooMany();
        in.skipRawBytes(length);
      }
    }
    return left;
  }

  /** Bytes of a packed element at least. */
  private static int leastSize(FieldDescriptor field) {
    return switch (field.getLiteType().getWireType()) {
      case WireFormat.WIRETYPE_FIXED64 -> Long.BYTES;
      case WireFormat.WIRETYPE_FIXED32 -> Integer.BYTES;
      default -> 1; // a varint
    };
  }

  private static InvalidProtocolBufferException tooMany() {
    return new InvalidProtocolBufferException("more than %d fields".formatted(MAX_FIELDS));
  }

  static Buffer buffer(Message message) {
    return Buffer.buffer(message.toByteArray());
  }

  /** A text, absent where it is empty: the two are the same in a message. */
  static @Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }
}
