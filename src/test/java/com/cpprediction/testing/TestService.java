package com.cpprediction.testing;

import static java.util.concurrent.TimeUnit.SECONDS;

import com.cpprediction.postgres.PostgresBinaries;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.server.Service;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A service in this JVM, in a home of its own, on a free port, with the small release and a new
 * database of the PostgreSQL that all tests share.
 */
public final class TestService extends TestResource {
  private static final long START_SECONDS = 60;

  /** Long enough for a service to stop well. */
  private static final Duration STOP = Duration.ofSeconds(14);

  private final Http http = new Http(this::port);
  private final Preparation preparation;
  private boolean startsItself = true;
  private boolean embedded;
  private JsonObject database;
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
    this.preparation = preparation;
  }

  /** With a PostgreSQL of its own, which it starts as it does where none is configured. */
  public TestService embedded() {
    embedded = true;
    return this;
  }

  /** Left to the test to start, with {@link #restart}. */
  public TestService stopped() {
    startsItself = false;
    return this;
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
    database = new JsonObject();
    if (embedded) PostgresBinaries.copyTo(directory().resolve("data"));
    else database.put("database", new JsonObject().put("uri", TestDatabase.create()));
    configure(preparation.prepare(directory()));
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
    home.configure(database.copy().mergeIn(changes, true));
  }

  /** A client of it, of every restart too. */
  public Http http() {
    return http;
  }

  public int port() {
    return service.port();
  }

  public int grpcPort() {
    return service.grpcPort();
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
