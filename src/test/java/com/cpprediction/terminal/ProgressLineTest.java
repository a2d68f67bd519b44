package com.cpprediction.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
  @ParameterizedTest
  @CsvSource({
    "/dev/pts/3, true",
    "/dev/tty1, true",
    "/dev/console, true",
    "/dev/null, false",
    "pipe:[4711], false",
    "/home/me/errors.log, false",
    "/home/me/dev/pts/3, false",
  })
  void tellsATerminalByItsDevice(String device, boolean terminal) {
    assertThat(ProgressLine.isTerminal(device)).isEqualTo(terminal);
  }

  @Test
  void nothingIsShownWhereThereIsNoTerminal() throws IOException, InterruptedException {
    assertThat(output("false")).isEmpty();
    assertThat(output("true")).contains("reading").contains("12 rows/s");
  }

  private static String output(String shown) throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ProgressLineTest.class.getName(),
                shown)
            .redirectErrorStream(true)
            .start();
    var output = new ByteArrayOutputStream();
    process.getInputStream().transferTo(output);
    assertThat(process.waitFor()).isZero();
    return output.toString();
  }

  /**
   * @param arguments whether to show the progress
   */
  public static void main(String[] arguments) {
    try (var progress = new ProgressLine(Boolean.parseBoolean(arguments[0]))) {
      progress.begin("reading", 2);
      progress.note("12 rows/s");
      progress.step(1);
      progress.show(2, "12 rows/s");
    }
  }
}
