package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Program;
import com.cpprediction.testing.Tool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
  private static final Path BASH = Path.of("bash");

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "predict --jsn X | Unknown option: '--jsn'; similar: --json. See cp-prediction-service predict --help",
        "predict | give either an ADDRESS or --in FILE. See cp-prediction-service predict --help",
        "journal inspct | Unmatched argument at index 1: 'inspct'; similar: inspect, drain. See cp-prediction-service journal --help",
        "sreve | Unmatched argument at index 0: 'sreve'; similar: serve, reload, predict. See cp-prediction-service --help"
      })
  void saysOnOneLineWhatIsWrong(String typed, String message) {
    var run = CommandRun.of(typed.split(" "));

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).isEqualToIgnoringNewLines(message).hasLineCount(1);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void helpsWithEachCommand() {
    var predict = CommandRun.of("help", "predict");
    var all = CommandRun.of("help");

    assertThat(predict.exit()).isZero();
    assertThat(predict.out())
        .startsWith("Usage: cp-prediction-service predict")
        .isEqualTo(CommandRun.of("predict", "--help").out());
    assertThat(all.exit()).isZero();
    assertThat(all.out()).contains("serve", "status", "outcomes", "generate-completion");
  }

  @Test
  void endsTheSentenceAboutAnUnknownCommandOnce() {
    assertThat(CommandRun.of("help", "foo").err())
        .contains("'foo'. See cp-prediction-service")
        .doesNotContain("..");
  }

  @Test
  void completesCommandsAndOptionsInBash() throws Exception {
    var script = directory.resolve("completion");
    Files.writeString(script, CommandRun.of("generate-completion").out());

    var completed =
        Program.run(
            BASH,
            "",
            "-c",
            "source '%s'; COMP_WORDS=(cp-prediction-service outc); COMP_CWORD=1; _complete_cp-prediction-service; echo ${COMPREPLY[@]}"
                .formatted(script));

    assertThat(completed).isEqualTo(new Program(0, "outcomes\n"));
  }

  @Test
  void writesManualPages() throws Exception {
    var groff = Tool.find("groff", "groff-base");

    var run = CommandRun.of("man", directory.toString());

    assertThat(run.out()).endsWith(" pages written to " + directory + System.lineSeparator());
    List<Path> pages;
    try (var files = Files.list(directory)) {
      pages = files.sorted().toList();
    }
    for (var page : pages) {
      assertThat(Files.readString(page, StandardCharsets.US_ASCII))
          .startsWith(".TH ")
          .contains(".SH NAME", ".SH SYNOPSIS", ".SH EXIT STATUS")
          .doesNotContain("%n", "${");
      assertThat(Files.readAllLines(page))
          .as("%s", page)
          .allMatch(line -> line.matches("[.](TH|SH|TP|B|BR|I|nh|ad)\\b.*|[^.'].*"))
          .allMatch(line -> line.startsWith(".") || line.length() <= 80);
    }
    assertThat(read(groff, pages))
        .contains("NAME", "SYNOPSIS", "EXIT STATUS", "SEE ALSO")
        .contains("cp-prediction-service-predict - Predicts offline", "--explain")
        .contains("N|RATE,RATE,\u2026");
  }

  /** All pages as man shows them. */
  private static String read(Path groff, List<Path> pages) {
    var arguments = new ArrayList<>(List.of("-man", "-ww", "-Tutf8", "-P-cbou"));
    pages.forEach(page -> arguments.add(page.toString()));
    var read = Program.run(groff, "", arguments.toArray(String[]::new));
    assertThat(read.exit()).isZero();
    assertThat(read.output()).doesNotContain("warning:", "error:");
    return read.output();
  }
}
