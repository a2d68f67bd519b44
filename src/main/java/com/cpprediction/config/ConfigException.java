package com.cpprediction.config;

import com.cpprediction.common.UserFacingException;
import java.util.List;

/** The configuration can't be used; the message says everything that is wrong, secrets masked. */
public final class ConfigException extends UserFacingException {
  private final List<String> errors;

  ConfigException(List<String> errors) {
    super(String.join("; ", errors));
    this.errors = List.copyOf(errors);
  }

  /** One sentence per mistake, in the order of the file and then of the environment. */
  public List<String> errors() {
    return errors;
  }
}
