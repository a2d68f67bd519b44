package com.cpprediction.config;

import java.util.List;

/**
 * The result of checking a configuration; secrets are masked.
 *
 * @param errors why it can't be used, one sentence each; empty when it can
 * @param warnings probable mistakes, one sentence each
 */
public record Findings(List<String> errors, List<String> warnings) {
  public static final Findings NONE = new Findings(List.of(), List.of());

  public static Findings error(String error) {
    return new Findings(List.of(error), List.of());
  }

  public static Findings warning(String warning) {
    return new Findings(List.of(), List.of(warning));
  }
}
