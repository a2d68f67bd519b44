package com.cpprediction.cli;

import com.cpprediction.config.BearerTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of access to a running service: token and trust. */
class AccessOptions {
  /** The variables that the service itself reads its tokens from, strongest first. */
  private static final String[] TOKEN_VARIABLES = {"CP_HTTP_ADMIN_TOKEN", "CP_HTTP_PREDICT_TOKEN"};

  /** Visible ASCII, as the service demands of its own. */
  private static final Pattern TOKEN = Pattern.compile("[!-~]+");

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

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

  /** The command with these options. */
  final CommandSpec spec() {
    return spec;
  }

  /** Whether any certificate is taken. */
  final boolean insecure() {
    return insecure;
  }

  /** Decides on certificates; null for the JVM's decision. */
  final @Nullable TrustManager trusted() {
    UsageCheck.require(spec, ca == null || !insecure, "give either --ca or --insecure");
    if (insecure) return Trust.any();
    return ca == null ? null : Trust.of(ca);
  }

  /**
   * The bearer token, if any: the first of several, which a service may have while they are
   * replaced.
   */
  final @Nullable String token() {
    UsageCheck.require(
        spec, token == null || tokenFile == null, "give either --token or --token-file");
    var text = token;
    if (tokenFile != null) {
      try {
        text = Files.readString(tokenFile);
      } catch (IOException e) {
        throw new ServiceCalls.FailedException(
            "Cannot read --token-file %s (%s)".formatted(tokenFile, e));
      }
    }
    for (var variable : TOKEN_VARIABLES) if (text == null) text = System.getenv(variable);
    if (text == null || text.isBlank()) return null;
    var first = text.strip().split("\\s+")[0];
    UsageCheck.require(
        spec, TOKEN.matcher(first).matches(), "the token has characters other than visible ASCII");
    return BearerTokens.sent(first);
  }
}
