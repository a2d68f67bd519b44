package com.cpprediction.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks of options; a failed check ends the command with exit code 2. */
final class UsageCheck {
  private UsageCheck() {}

  static void require(CommandSpec spec, boolean condition, String message) {
    if (!condition) throw new ParameterException(spec.commandLine(), message);
  }
}
