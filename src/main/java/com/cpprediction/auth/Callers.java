package com.cpprediction.auth;

import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.ServiceConfig;
import java.util.function.Supplier;

/** The callers of this node, as configured now. Thread-safe: shared by its event loops. */
public final class Callers {
  private final Supplier<ServiceConfig> config;
  private volatile State state;

  /**
   * @param http that {@code access} was made of
   */
  private record State(HttpConfig http, Access access) {
    static State of(HttpConfig http) {
      return new State(http, Access.of(http));
    }
  }

  /**
   * @param config the active configuration, read per request
   */
  public Callers(Supplier<ServiceConfig> config) {
    this.config = config;
    state = State.of(config.get().http());
  }

  /** Access under the configuration in force. */
  public Access access() {
    var http = config.get().http();
    var now = state;
    if (now.http != http) state = now = State.of(http); // several threads may: each the same
    return now.access;
  }
}
