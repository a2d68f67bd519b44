package com.cpprediction.http;

import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.nio.ByteBuffer;

/**
 * Buffers shared by many responses. Netty would copy a heap buffer for each connection and keep the
 * copy until it is read; direct buffers are written without a copy.
 */
final class SharedBuffers {
  private SharedBuffers() {}

  /** A read-only direct copy of {@code bytes}, freed by garbage collection. */
  static Buffer of(byte[] bytes) {
    var direct = ByteBuffer.allocateDirect(bytes.length);
    direct.put(bytes).flip();
    return BufferInternal.buffer(Unpooled.wrappedBuffer(direct.asReadOnlyBuffer()));
  }
}
