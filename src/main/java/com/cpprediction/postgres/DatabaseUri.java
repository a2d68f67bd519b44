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
 * The parsed {@code database.uri}, for both drivers: the reactive one, and JDBC for migrations.
 *
 * @param options connection options of the reactive driver
 * @param parameters query parameters of the URI, for JDBC
 */
public record DatabaseUri(PgConnectOptions options, Map<String, String> parameters) {
  private static final String FORM = "postgresql://user:password@host:port/database";
  private static final String ROOT_CERTIFICATE = "sslrootcert";

  /** Matches by text: host names are not resolved. */
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[?(::1|0(:0){6}:1)]?");

  /**
   * @throws IllegalArgumentException when the URI is malformed; the message never quotes it, since
   *     it may contain a password
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
   * The effective mode. As in libpq, {@code require} with a root certificate verifies it
   * (PostgreSQL manual, "SSL Support").
   */
  private static SslMode mode(SslMode requested, @Nullable String certificate) {
    boolean verified = requested == SslMode.VERIFY_CA || requested == SslMode.VERIFY_FULL;
    if (certificate == null) {
      if (!verified) return requested;
      throw new IllegalArgumentException(
          "database.uri: sslmode=%s needs sslrootcert=<PEM file>".formatted(label(requested)));
    }
    checkCertificates(certificate);
    if (verified) return requested;
    if (requested == SslMode.REQUIRE) return SslMode.VERIFY_CA;
    throw new IllegalArgumentException(
        "database.uri: sslrootcert needs sslmode=verify-full, verify-ca or require; with %s the connection may be plain text"
            .formatted(label(requested)));
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
      parameters.put(parameter.substring(0, equals), decode(parameter.substring(equals + 1)));
    }
    return parameters;
  }

  private static String decode(String text) { // only forms encode a space as a plus
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static ClientSSLOptions ssl(SslMode mode, @Nullable String certificate) {
    var ssl = new ClientSSLOptions();
    if (certificate == null) return ssl.setTrustAll(true); // encrypted, not verified
    return ssl.setTrustOptions(new PemTrustOptions().addCertPath(certificate))
        .setHostnameVerificationAlgorithm(mode == SslMode.VERIFY_FULL ? "HTTPS" : "");
  }

  /** Warns of plain text over the network; empty when encrypted or on loopback. */
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
   * @param connectTimeout covers opening a connection and authentication
   * @param socketTimeout longest wait for a response
   */
  public DataSource dataSource(Duration connectTimeout, Duration socketTimeout) {
    var source = new PGSimpleDataSource();
    source.setServerNames(new String[] {options.getHost()});
    source.setPortNumbers(new int[] {options.getPort()});
    source.setDatabaseName(options.getDatabase());
    source.setUser(options.getUser());
    source.setPassword(options.getPassword());
    parameters.forEach((name, value) -> setProperty(source, jdbcName(name), value));
    source.setSslMode(label(options.getSslMode())); // the drivers' defaults differ
    source.setConnectTimeout((int) connectTimeout.toSeconds());
    source.setLoginTimeout((int) connectTimeout.toSeconds());
    source.setSocketTimeout((int) socketTimeout.toSeconds());
    return source;
  }

  private static void setProperty(PGSimpleDataSource source, String name, String value) {
    if (PGProperty.forName(name) == null) return; // a server parameter that JDBC can't set
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
