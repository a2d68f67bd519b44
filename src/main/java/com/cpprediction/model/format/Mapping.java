package com.cpprediction.model.format;

import com.cpprediction.common.Labelled;
import com.cpprediction.json.Digests;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bytes of a file, mapped or on the heap, until closed. Reading a mapping after that crashes
 * the process, so owners count its users ({@link UseCount}).
 */
public final class Mapping implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Mapping.class);

  /** Absent where the JVM can't unmap explicitly; the garbage collector unmaps then. */
  private static final @Nullable MethodHandle UNMAP = unmapper();

  private final ByteBuffer bytes;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Where the bytes are. */
  public enum Kind implements Labelled {
    /** In the page cache, shared with other processes. */
    MAPPED,
    /** On the heap of this process. */
    HEAP;
  }

  private Mapping(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** Reads or maps a file; blocks. The file may be moved or deleted afterwards, but not changed. */
  public static Mapping of(Path file, Kind kind) throws IOException {
    if (kind == Kind.HEAP) return new Mapping(ByteBuffer.wrap(Files.readAllBytes(file)));
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() > Integer.MAX_VALUE) throw new IOException(file + " is larger than 2 GB");
      return new Mapping(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
    }
  }

  /** The content, from 0 to the limit; invalid after {@link #close}. */
  public ByteBuffer bytes() {
    return bytes.duplicate();
  }

  /**
   * Whether the content has the digest {@code sha256}; false also when a mapped file was truncated.
   */
  public boolean is(String sha256) {
    if (!bytes.isDirect()) return true;
    var same = new AtomicBoolean();
    // The JVM may report a fault late; then only this thread gets it.
    var reader = new Thread(() -> same.set(Digests.sha256Hex(bytes()).equals(sha256)), "cp-check");
    reader.setUncaughtExceptionHandler(
        (thread, cause) -> {
          if (!isFault(cause)) log.error("Cannot check what is mapped", cause);
        });
    reader.start();
    boolean interrupted = false;
    while (true) {
      try {
        reader.join();
        break;
      } catch (InterruptedException e) { // the mapping must not be closed under its reader
        interrupted = true;
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
    return same.get();
  }

  /** Whether {@code cause} is the JVM's error for reading a mapping of a truncated file. */
  public static boolean isFault(Throwable cause) {
    return cause instanceof InternalError
        && cause.getMessage() != null
        && cause.getMessage().contains("unsafe memory access");
  }

  @Override
  public void close() {
    if (!bytes.isDirect() || UNMAP == null || !closed.compareAndSet(false, true)) return;
    try {
      UNMAP.invokeExact(bytes);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot unmap", e);
    }
  }

  private static @Nullable MethodHandle unmapper() {
    var cleaner = cleaner();
    return cleaner != null ? cleaner : invokeCleaner();
  }

  /** The cleaner of the buffer itself; needs the packages that the manifest of the jar opens. */
  private static @Nullable MethodHandle cleaner() {
    try {
      var lookup = MethodHandles.lookup();
      var cleaner = lookup.unreflect(Class.forName("sun.nio.ch.DirectBuffer").getMethod("cleaner"));
      var clean = lookup.unreflect(cleaner.type().returnType().getMethod("clean"));
      return MethodHandles.filterReturnValue(cleaner, clean)
          .asType(MethodType.methodType(void.class, ByteBuffer.class));
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  /** {@code sun.misc.Unsafe.invokeCleaner}, which prints a warning from JDK 24 on. */
  private static @Nullable MethodHandle invokeCleaner() {
    try {
      var type = Class.forName("sun.misc.Unsafe");
      var field = type.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      return MethodHandles.lookup()
          .findVirtual(type, "invokeCleaner", MethodType.methodType(void.class, ByteBuffer.class))
          .bindTo(field.get(null));
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }
}
