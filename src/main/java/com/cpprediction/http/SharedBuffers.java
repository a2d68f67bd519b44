package com.cpprediction.http;

import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.nio.ByteBuffer;

/**
 * Buffers that many answers share. Netty copies what lies on the heap out of it for each connection
 * and keeps that copy for as long as the caller doesn't read; these are written as they are.
 */
public final class SharedBuffers {
  private SharedBuffers() {}

  /** {@code bytes} off the heap, freed once nothing refers to them. Not to be changed. */
  public static Buffer of(byte[] bytes) {
    var direct = ByteBuffer.allocateDirect(bytes.length);
    direct.put(bytes).flip();
    return BufferInternal.buffer(Unpooled.wrappedBuffer(direct.asReadOnlyBuffer()));
  }
}
