package com.cpprediction.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Program;
import com.cpprediction.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks {@code conf/prometheus/} with the real promtool. */
class PrometheusRulesTest {
  private static final Path CONF = Path.of("conf/prometheus");
  private static final Path CASES = Path.of("src/test/resources/prometheus/alerts.test.yml");

  @Test
  void promtoolAcceptsTheConfigurationAndItsRules() {
    var checked = promtool("check", "config", "--lint=all", "--lint-fatal", conf("prometheus.yml"));

    assertThat(checked.exit()).as(checked.output()).isZero();
  }

  @Test
  void everyAlertFiresWhenItShouldAndOnlyThen() {
    var tested = promtool("test", "rules", CASES.toString());

    assertThat(tested.exit()).as(tested.output()).isZero();
  }

  @Test
  void everyAlertHasACaseThatFiresAndOneThatDoesNot() throws IOException {
    var cases = Files.readString(CASES).split("\n  - name: ");

    for (var alert : alerts()) {
      var own =
          List.of(cases).stream().filter(test -> test.startsWith("\"" + alert + ":")).toList();
      assertThat(own).as(alert).anyMatch(test -> test.contains("value: 1"));
      assertThat(own).as(alert).anyMatch(test -> test.contains("exp_samples: []"));
    }
  }

  @Test
  void everyAlertHasSeverityDescriptionAndRunbook() throws IOException {
    var rules = Files.readString(CONF.resolve("alerts.rules.yml")).split("- alert: ");

    assertThat(rules).hasSizeGreaterThan(7);
    for (int i = 1; i < rules.length; i++) {
      assertThat(rules[i])
          .containsPattern("severity: (warning|critical)")
          .contains("summary: ", "description: ", "runbook: src/docs/operation.md#troubleshooting");
    }
  }

  private static List<String> alerts() throws IOException {
    return Pattern.compile("- alert: (\\w+)")
        .matcher(Files.readString(CONF.resolve("alerts.rules.yml")))
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  private static Program promtool(String... arguments) {
    return Program.run(Tool.find("promtool", "prometheus"), "", arguments);
  }

  private static String conf(String file) {
    return CONF.resolve(file).toString();
  }
}
