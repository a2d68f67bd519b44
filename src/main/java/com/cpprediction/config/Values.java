package com.cpprediction.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** One valid value per key of the schema, read by the type a record wants. */
record Values(Map<String, Object> byKey) {
  String text(String key) {
    return (String) byKey.get(key);
  }

  boolean flag(String key) {
    return (Boolean) byKey.get(key);
  }

  int integer(String key) {
    return (Integer) byKey.get(key);
  }

  double number(String key) {
    return (Double) byKey.get(key);
  }

  List<String> list(String key) {
    return ((List<?>) byKey.get(key)).stream().map(String.class::cast).toList();
  }

  Duration millis(String key) {
    return Duration.ofMillis(integer(key));
  }

  Duration seconds(String key) {
    return Duration.ofSeconds(integer(key));
  }

  @Override
  public String toString() { // some values are secrets
    return "Values" + byKey.keySet();
  }
}
