package com.cpprediction.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of commands that talk to a running service: where it is, token, trust. */
final class ServiceOptions extends AccessOptions {
  @Option(
      names = "--url",
      paramLabel = "URL",
      defaultValue = "http://127.0.0.1:8000",
      description = "Where the service is (default: ${DEFAULT-VALUE}).")
  private String url;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "Longest wait for a response (default: 60, of reload 600).")
  private @Nullable Integer timeout;

  /**
   * The service to call.
   *
   * @param patience longest wait for a response, without {@code --timeout}
   */
  ServiceCalls service(Duration patience) {
    UsageCheck.require(
        spec(),
        timeout == null || timeout >= 1 && timeout <= 86_400,
        "--timeout must be in 1..86400");
    var longest = timeout == null ? patience : Duration.ofSeconds(timeout);
    return new ServiceCalls(ServiceUrl.parse(spec(), url), token(), trusted(), longest);
  }
}
