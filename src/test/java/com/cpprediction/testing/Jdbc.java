package com.cpprediction.testing;

import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Connections of tests, past the service, to where a {@code database.uri} leads. */
public final class Jdbc {
  private static final String SOCKET_TIMEOUT_SECONDS = "10";

  private Jdbc() {}

  /** As the user and with the password that {@code uri} names. */
  public static Connection connect(String uri) throws SQLException {
    var at = URI.create(uri);
    var user = at.getUserInfo().split(":", 2);
    var properties = new Properties();
    properties.setProperty("user", user[0]);
    if (user.length > 1) properties.setProperty("password", user[1]);
    properties.setProperty("socketTimeout", SOCKET_TIMEOUT_SECONDS);
    return DriverManager.getConnection(
        "jdbc:postgresql://%s:%d%s".formatted(at.getHost(), at.getPort(), at.getPath()),
        properties);
  }
}
