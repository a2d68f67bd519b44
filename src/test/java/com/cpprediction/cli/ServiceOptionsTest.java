package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Ports;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceOptionsTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://127.0.0.1:99999 | has a port that is not in 1..65535",
        "http://127.0.0.1:0 | has a port that is not in 1..65535",
        "http://my_service:8000 | has a host with an underscore",
        "ftp://127.0.0.1 | is not like http://127.0.0.1:8000",
        "http://user@127.0.0.1 | is not like http://127.0.0.1:8000",
        "http:// | is not like http://127.0.0.1:8000",
        "127.0.0.1:8000 | is not like http://127.0.0.1:8000"
      })
  void refusesAnAddressThatCanNotBeCalled(String url, String reason) {
    var run = CommandRun.of("status", "--url", url);

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).startsWith("--url \"" + url + "\" " + reason).hasLineCount(1);
  }

  @Test
  void takesASchemeInCapitals() {
    var run = CommandRun.of("status", "--url", "HTTP://127.0.0.1:" + Ports.free() + "/");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).startsWith("The service at http://127.0.0.1:").contains("be reached");
  }

  @Test
  void refusesATokenThatNoHeaderCanBearWithoutPrintingIt() throws Exception {
    var file = directory.resolve("token");
    for (var token : new String[] {"hunter2\u0001", "hunter2\u0915", "hunter2\u007f"}) {
      Files.writeString(file, token);

      var run = CommandRun.of("status", "--token-file", file.toString());

      assertThat(run.exit()).isEqualTo(2);
      assertThat(run.err()).startsWith("the token has characters other").doesNotContain("hunter2");
    }
  }
}
