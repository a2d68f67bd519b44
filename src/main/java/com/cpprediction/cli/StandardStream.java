package com.cpprediction.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/**
 * Standard output or standard error, which remembers why it could not be written: {@link
 * System#out} and {@link PrintWriter} hide it. Thread-safe as far as its writer is.
 */
final class StandardStream extends OutputStream {
  private final OutputStream out;
  private final PrintWriter writer;
  private volatile @Nullable IOException failure;

  private StandardStream(FileDescriptor descriptor, Charset charset) {
    out = new FileOutputStream(descriptor);
    writer = new PrintWriter(new OutputStreamWriter(new BufferedOutputStream(this), charset), true);
  }

  static StandardStream out(Charset charset) {
    return new StandardStream(FileDescriptor.out, charset);
  }

  static StandardStream err(Charset charset) {
    return new StandardStream(FileDescriptor.err, charset);
  }

  /** Writes text; flushes with each line. */
  PrintWriter writer() {
    return writer;
  }

  /**
   * Writes what is left.
   *
   * @return the first failure to write; null for none
   */
  @Nullable IOException finish() {
    writer.flush();
    return failure;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int at, int length) throws IOException {
    try {
      out.write(bytes, at, length);
    } catch (IOException e) {
      if (failure == null) failure = e;
      throw e;
    }
  }
}
