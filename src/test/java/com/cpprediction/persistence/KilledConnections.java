package com.cpprediction.persistence;

import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import javax.sql.DataSource;

/**
 * Connections to one database, all of which PostgreSQL ends at once, as it does for a killed
 * process: after a number of commits, or before a statement.
 */
final class KilledConnections {
  /** In the place of the end of the process. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  private final DataSource connections;
  private final String uri;
  private int commits;
  private int statements;
  private boolean killed;

  KilledConnections(DataSource connections, String uri, int commits, int statements) {
    this.connections = connections;
    this.uri = uri;
    this.commits = commits;
    this.statements = statements;
  }

  DataSource source() {
    return proxy(DataSource.class, connections);
  }

  private <T> T proxy(Class<T> type, T real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              var name = method.getName();
              if (killed && !name.equals("close")) throw new Killed();
              if (name.endsWith("Statement") && --statements == 0) kill();
              Object result;
              try {
                result = method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (name.equals("commit") && --commits == 0) kill();
              return result instanceof Connection one ? proxy(Connection.class, one) : result;
            }));
  }

  private void kill() throws Exception {
    killed = true;
    var server = TestDatabase.server().uri();
    var sessions =
        "FROM pg_stat_activity WHERE datname = '%s'"
            .formatted(uri.substring(uri.lastIndexOf('/') + 1));
    TestDatabase.query(server, "SELECT pg_terminate_backend(pid) " + sessions);
    Await.until(() -> TestDatabase.query(server, "SELECT pid " + sessions).isEmpty());
    throw new Killed();
  }
}
