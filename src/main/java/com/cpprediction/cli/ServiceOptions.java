package com.cpprediction.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of commands that talk to a running service: where it is, token, trust. */
final class ServiceOptions {
  /** The variables that the service itself reads its tokens from, strongest first. */
  private static final String[] TOKEN_VARIABLES = {"CP_HTTP_ADMIN_TOKEN", "CP_HTTP_PREDICT_TOKEN"};

  /** Visible ASCII, as the service demands of its own. */
  private static final Pattern TOKEN = Pattern.compile("[!-~]+");

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--url",
      paramLabel = "URL",
      defaultValue = "http://127.0.0.1:8000",
      description = "Where the service is (default: ${DEFAULT-VALUE}).")
  private String url;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description =
          "Bearer token (default: CP_HTTP_ADMIN_TOKEN, else CP_HTTP_PREDICT_TOKEN, of the"
              + " environment). Other users of the machine see it; rather use --token-file.")
  private @Nullable String token;

  @Option(names = "--token-file", paramLabel = "FILE", description = "File with the bearer token.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description = "Certificates in PEM to trust instead of the JVM's.")
  private @Nullable Path ca;

  @Option(names = "--insecure", description = "Take any certificate.")
  private boolean insecure;

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
        spec, token == null || tokenFile == null, "give either --token or --token-file");
    UsageCheck.require(spec, ca == null || !insecure, "give either --ca or --insecure");
    UsageCheck.require(
        spec,
        timeout == null || timeout >= 1 && timeout <= 86_400,
        "--timeout must be in 1..86400");
    var longest = timeout == null ? patience : Duration.ofSeconds(timeout);
    return new ServiceCalls(
        ServiceUrl.parse(spec, url), token(System.getenv()), ca, insecure, longest);
  }

  /** The first of several tokens, which a service may have while they are replaced. */
  private @Nullable String token(Map<String, String> environment) {
    var text = token;
    if (tokenFile != null) {
      try {
        text = Files.readString(tokenFile);
      } catch (IOException e) {
        throw new ServiceCalls.FailedException(
            "Cannot read --token-file %s (%s)".formatted(tokenFile, e));
      }
    }
    for (var variable : TOKEN_VARIABLES) if (text == null) text = environment.get(variable);
    if (text == null || text.isBlank()) return null;
    var first = text.strip().split("\\s+")[0];
    UsageCheck.require(
        spec, TOKEN.matcher(first).matches(), "the token has characters other than visible ASCII");
    return first;
  }
}
