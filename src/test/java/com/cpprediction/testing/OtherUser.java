package com.cpprediction.testing;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.sun.security.auth.module.UnixSystem;
import java.nio.file.Path;
import java.util.List;

/**
 * Another user of this machine, without any right of its own: {@code nobody}. Only root can become
 * one, so elsewhere the test is skipped with the reason; with {@code CP_TEST_TOOLS=required} in the
 * environment it fails.
 */
public final class OtherUser {
  private static final String ID = "65534";

  private final Path setpriv;

  private OtherUser(Path setpriv) {
    this.setpriv = setpriv;
  }

  public static OtherUser nobody() {
    var setpriv = Tool.find("setpriv", "util-linux");
    if (new UnixSystem().getUid() == 0) return new OtherUser(setpriv);
    var reason = "only root can act as another user";
    return Tool.REQUIRED ? fail(reason) : abort(reason);
  }

  /** What comes of {@code script}, which bash runs as that user. */
  public Program run(String script) {
    return Program.run(
        setpriv,
        "",
        List.of("--reuid=" + ID, "--regid=" + ID, "--clear-groups", "bash", "-c", script)
            .toArray(String[]::new));
  }
}
