package com.cpprediction.server;

import com.cpprediction.config.ConfigRule;
import com.cpprediction.config.Findings;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.tls.KeyFiles;
import com.cpprediction.tls.TlsException;
import java.util.List;
import java.util.Optional;

/** Rules of the configuration that need the drivers or the file system. */
public final class StartupRules {
  private StartupRules() {}

  /** All rules. */
  public static List<ConfigRule> of(Home home) {
    return List.of(
        StartupRules::checkDatabaseUri, config -> checkKeyFiles(home, config.http().tls()));
  }

  /** An error for an unusable {@code database.uri}, a warning for one that allows plain text. */
  public static Findings checkDatabaseUri(ServiceConfig config) {
    if (config.database().embedded()) return Findings.NONE;
    try {
      return DatabaseUri.parse(config.database().uri())
          .warning()
          .map(Findings::warning)
          .orElse(Findings.NONE);
    } catch (IllegalArgumentException e) {
      return Findings.error(String.valueOf(e.getMessage()));
    }
  }

  private static Findings checkKeyFiles(Home home, HttpConfig.Tls tls) {
    try {
      keyFiles(home, tls);
      return Findings.NONE;
    } catch (TlsException e) {
      return Findings.error(e.getMessage());
    }
  }

  /**
   * Key and certificate of HTTPS; empty for plain HTTP.
   *
   * @throws TlsException when the settings contradict each other
   */
  static Optional<KeyFiles> keyFiles(Home home, HttpConfig.Tls tls) {
    return tls.enabled()
        ? Optional.of(
            KeyFiles.of("http.tls", tls.certificate(), tls.key(), tls.password(), home::resolve))
        : Optional.empty();
  }
}
