package com.cpprediction.config;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/** Applies {@code log.level} to the classes of this service; libraries keep theirs. */
public final class LogLevel {
  private static final String ROOT = "com.cpprediction";

  private LogLevel() {}

  public static void apply(String level) {
    ((Logger) LoggerFactory.getLogger(ROOT)).setLevel(Level.valueOf(level));
  }
}
