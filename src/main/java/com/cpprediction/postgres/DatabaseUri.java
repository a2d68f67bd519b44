package com.cpprediction.postgres;

import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Where the database is, for both drivers: the event loop's, and JDBC for migrations.
 *
 * @param options what the URI says, for the event loop's driver
 * @param parameters the URI's query, for JDBC
 */
public record DatabaseUri(PgConnectOptions options, Map<String, String> parameters) {
  private static final String FORM = "postgresql://user:password@host:port/database";
  private static final String ROOT_CERTIFICATE = "sslrootcert";

  /** Names are not looked up. */
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[?(::1|0(:0){6}:1)]?");

  /**
   * @throws IllegalArgumentException when it is not such a URI; the message never quotes it, since
   *     it may carry a password
   */
  public static DatabaseUri parse(String uri) {
    PgConnectOptions options;
    try {
      options = PgConnectOptions.fromUri(uri);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException("database.uri is not of the form " + FORM);
    }
    if (options.isUsingDomainSocket()) {
      throw new IllegalArgumentException("database.uri must name a host and a port, not a socket");
    }
    var parameters = parameters(uri);
    var certificate = parameters.get(ROOT_CERTIFICATE);
    var mode = mode(options.getSslMode(), certificate);
    options.setSslMode(mode);
    if (mode != SslMode.DISABLE) options.setSslOptions(ssl(mode, certificate));
    return new DatabaseUri(options, parameters);
  }

  /**
   * As libpq has it: who names a certificate wants it to be checked (PostgreSQL manual, "SSL
   * Support").
   */
  private static SslMode mode(SslMode said, @Nullable String certificate) {
    boolean verifies = said == SslMode.VERIFY_CA || said == SslMode.VERIFY_FULL;
    if (certificate == null) {
      if (!verifies) return said;
      throw new IllegalArgumentException(
          "database.uri: sslmode=%s needs sslrootcert=<PEM file>".formatted(label(said)));
    }
    checkCertificates(certificate);
    if (verifies) return said;
    if (said == SslMode.REQUIRE) return SslMode.VERIFY_CA;
    throw new IllegalArgumentException(
        "database.uri: sslrootcert needs sslmode=verify-full, verify-ca or require; with %s the connection may be plain text"
            .formatted(label(said)));
  }

  private static void checkCertificates(String file) {
    try (var in = Files.newInputStream(Path.of(file))) {
      if (!CertificateFactory.getInstance("X.509").generateCertificates(in).isEmpty()) return;
      throw new IllegalArgumentException(
          "database.uri: there is no certificate in sslrootcert, " + file);
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException(
          "database.uri: sslrootcert, %s, can't be read".formatted(file), e);
    } catch (CertificateException e) {
      throw new IllegalArgumentException(
          "database.uri: sslrootcert, %s, is no file of certificates in PEM".formatted(file), e);
    }
  }

  private static Map<String, String> parameters(String uri) {
    var parameters = new LinkedHashMap<String, String>();
    int query = uri.indexOf('?');
    if (query < 0) return parameters;
    for (var parameter : uri.substring(query + 1).split("&")) {
      int equals = parameter.indexOf('=');
      parameters.put(parameter.substring(0, equals), decoded(parameter.substring(equals + 1)));
    }
    return parameters;
  }

  private static String decoded(String text) { // a plus is a plus outside of forms
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static ClientSSLOptions ssl(SslMode mode, @Nullable String certificate) {
    var ssl = new ClientSSLOptions();
    if (certificate == null) return ssl.setTrustAll(true); // encrypted, not verified
    return ssl.setTrustOptions(new PemTrustOptions().addCertPath(certificate))
        .setHostnameVerificationAlgorithm(mode == SslMode.VERIFY_FULL ? "HTTPS" : "");
  }

  /**
   * Why what is sent may be read on its way; empty where it can't, or doesn't leave this machine.
   */
  public Optional<String> warning() {
    var mode = options.getSslMode();
    boolean encrypts = mode != SslMode.DISABLE && mode != SslMode.ALLOW && mode != SslMode.PREFER;
    if (encrypts || LOOPBACK.matcher(options.getHost()).matches()) return Optional.empty();
    return Optional.of(
        "database.uri: addresses and the password may cross the network in plain text (sslmode=%s); add sslmode=verify-full&sslrootcert=<PEM file>"
            .formatted(label(mode)));
  }

  private static String label(SslMode mode) {
    return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * @param connectTimeout until a connection is open and signed in
   * @param socketTimeout longest wait for any answer
   */
  public DataSource dataSource(Duration connectTimeout, Duration socketTimeout) {
    var source = new PGSimpleDataSource();
    source.setServerNames(new String[] {options.getHost()});
    source.setPortNumbers(new int[] {options.getPort()});
    source.setDatabaseName(options.getDatabase());
    source.setUser(options.getUser());
    source.setPassword(options.getPassword());
    parameters.forEach((name, value) -> set(source, jdbcName(name), value));
    source.setSslMode(label(options.getSslMode())); // the same for both, whatever their defaults
    source.setConnectTimeout((int) connectTimeout.toSeconds());
    source.setLoginTimeout((int) connectTimeout.toSeconds());
    source.setSocketTimeout((int) socketTimeout.toSeconds());
    return source;
  }

  private static void set(PGSimpleDataSource source, String name, String value) {
    if (PGProperty.forName(name) == null) return; // a server's parameter that JDBC can't pass on
    try {
      source.setProperty(name, value);
    } catch (SQLException e) {
      throw new IllegalArgumentException(
          "database.uri: %s has a value it can't have".formatted(name));
    }
  }

  private static String jdbcName(String name) {
    return switch (name) {
      case "application_name" -> PGProperty.APPLICATION_NAME.getName();
      case "search_path" -> PGProperty.CURRENT_SCHEMA.getName();
      default -> name;
    };
  }
}
