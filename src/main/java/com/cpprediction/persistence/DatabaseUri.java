package com.cpprediction.persistence;

import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import javax.sql.DataSource;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Where the database is, for both drivers: the event loop's, and JDBC for migrations.
 *
 * @param options what the URI says, for the event loop's driver
 * @param parameters the URI's query, for JDBC
 */
record DatabaseUri(PgConnectOptions options, Map<String, String> parameters) {
  private static final String FORM = "postgresql://user:password@host:port/database";
  private static final String ROOT_CERTIFICATE = "sslrootcert";

  /**
   * @throws IllegalArgumentException when it is not such a URI; the message never quotes it, since
   *     it may carry a password
   */
  static DatabaseUri parse(String uri) {
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
    if (options.getSslMode() != SslMode.DISABLE) {
      options.setSslOptions(ssl(options.getSslMode(), parameters.get(ROOT_CERTIFICATE)));
    }
    return new DatabaseUri(options, parameters);
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

  private static ClientSSLOptions ssl(SslMode mode, String certificate) {
    var ssl = new ClientSSLOptions();
    boolean verifies = mode == SslMode.VERIFY_CA || mode == SslMode.VERIFY_FULL;
    if (verifies && certificate == null) {
      throw new IllegalArgumentException(
          "database.uri: sslmode=%s needs sslrootcert=<PEM file>".formatted(label(mode)));
    }
    if (certificate == null) return ssl.setTrustAll(true); // as libpq does: encrypted, not verified
    return ssl.setTrustOptions(new PemTrustOptions().addCertPath(certificate))
        .setHostnameVerificationAlgorithm(mode == SslMode.VERIFY_FULL ? "HTTPS" : "");
  }

  private static String label(SslMode mode) {
    return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * @param connectTimeout until a connection is open and signed in
   * @param socketTimeout longest wait for any answer
   */
  DataSource dataSource(Duration connectTimeout, Duration socketTimeout) {
    var source = new PGSimpleDataSource();
    source.setServerNames(new String[] {options.getHost()});
    source.setPortNumbers(new int[] {options.getPort()});
    source.setDatabaseName(options.getDatabase());
    source.setUser(options.getUser());
    source.setPassword(options.getPassword());
    parameters.forEach((name, value) -> set(source, jdbcName(name), value));
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
