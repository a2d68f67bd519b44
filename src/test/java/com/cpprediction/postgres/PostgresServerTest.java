package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresServerTest {
  /** util-linux writes the first two, by version; the JDK throws the third. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "unshare: unshare failed: Operation not permitted",
        "unshare: unshare failed: No space left on device",
        "Cannot run program \"unshare\": error=2, No such file or directory"
      })
  void tellsRootWhatToDoWithoutUserNamespaces(String message) {
    assertThat(PostgresServer.hint(new IOException(message)))
        .contains("refuses root a user namespace", "run the service as another user")
        .endsWith("or set database.uri");
  }

  @Test
  void hasNoHintForAnotherFailure() {
    assertThat(PostgresServer.hint(new IOException("FATAL: out of memory"))).isEmpty();
  }
}
