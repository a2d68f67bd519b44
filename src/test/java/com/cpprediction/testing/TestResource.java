package com.cpprediction.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A service, a server or a cluster under {@code @RegisterExtension}: in a static field it runs for
 * all tests of the class, in another field it is started for each test anew. A test may also start
 * and close it itself. It has a directory of its own.
 */
public abstract class TestResource
    implements BeforeAllCallback,
        BeforeEachCallback,
        AfterEachCallback,
        AfterAllCallback,
        AutoCloseable {
  /** Whether directories stay, as those of JUnit, for a look at logs. */
  private static final boolean KEEP =
      "never".equals(System.getProperty("junit.jupiter.tempdir.cleanup.mode.default"));

  private boolean ofClass;
  private Path directory;

  /** Starts it. */
  public abstract void start() throws Exception;

  /** Ends it; on one that does not run it has no effect. */
  protected abstract void end() throws Exception;

  /** For its files; deleted when it is closed. */
  public final Path directory() {
    try {
      if (directory == null) directory = Files.createTempDirectory("cp-test");
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public final void close() throws Exception {
    try {
      end();
    } finally {
      if (directory != null && !KEEP) Directories.delete(directory);
      directory = null;
    }
  }

  @Override
  public final void beforeAll(ExtensionContext context) throws Exception {
    ofClass = true;
    start();
  }

  @Override
  public final void beforeEach(ExtensionContext context) throws Exception {
    if (!ofClass) start();
  }

  @Override
  public final void afterEach(ExtensionContext context) throws Exception {
    if (!ofClass) close();
  }

  @Override
  public final void afterAll(ExtensionContext context) throws Exception {
    close();
  }
}
