package com.cpprediction.testing;

import static java.util.concurrent.TimeUnit.SECONDS;

import com.cpprediction.server.Service;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A service in this JVM, in a home of its own, on a free port, with the small release. */
public final class TestService extends TestResource {
  private static final long START_SECONDS = 60;

  /** Long enough for a service to stop well. */
  private static final Duration STOP = Duration.ofSeconds(14);

  private final Http http = new Http(this::port);
  private final Preparation preparation;
  private final boolean startsItself;
  private TestHome home;
  private Service service;

  /** Writes what the first configuration refers to, and returns what it has over the usual. */
  @FunctionalInterface
  public interface Preparation {
    JsonObject prepare(Path directory) throws Exception;
  }

  public TestService() {
    this(directory -> new JsonObject());
  }

  public TestService(Preparation preparation) {
    this(preparation, true);
  }

  private TestService(Preparation preparation, boolean startsItself) {
    this.preparation = preparation;
    this.startsItself = startsItself;
  }

  /** One that the test itself starts, with {@link #restart}. */
  public static TestService stopped(Preparation preparation) {
    return new TestService(preparation, false);
  }

  /** One that runs, for a test that closes it itself. */
  public static TestService started(Preparation preparation) throws Exception {
    var service = new TestService(preparation);
    try {
      service.start();
      return service;
    } catch (Exception | Error e) {
      service.close();
      throw e;
    }
  }

  @Override
  public void start() throws Exception {
    home = TestHome.in(directory());
    home.configure(preparation.prepare(directory()));
    if (startsItself) restart();
  }

  /** Starts it, again after {@link #stop}, with the same home. */
  public void restart() throws Exception {
    service = home.service();
    service.start().await(START_SECONDS, SECONDS);
  }

  public void stop() {
    if (service != null) service.stop(STOP);
    service = null;
  }

  @Override
  protected void end() {
    stop();
  }

  /** Its configuration file. */
  public Path config() {
    return home.config();
  }

  /** Replaces its configuration file: {@code changes} over the usual. */
  public void configure(JsonObject changes) throws IOException {
    home.configure(changes);
  }

  /** A client of it, of every restart too. */
  public Http http() {
    return http;
  }

  public int port() {
    return service.port();
  }

  public Vertx vertx() {
    return service.vertx();
  }

  public String databaseUri() {
    return service.databaseUri();
  }

  /** See {@link Service#degraded()}. */
  public List<String> degraded() {
    return service.degraded();
  }
}
