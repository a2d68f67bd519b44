package com.cpprediction.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.ConfigLoader;
import com.cpprediction.testing.Program;
import com.cpprediction.testing.Tool;
import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code conf/container/compose.yaml}, and what it mounts, against the service. */
class ComposeTest {
  private static final Path DIRECTORY = Path.of("conf/container");

  @TempDir private Path directory;
  private static JsonNode compose;

  @BeforeAll
  static void read() throws IOException {
    compose = Yaml.document(DIRECTORY.resolve("compose.yaml"));
  }

  private static JsonNode service(String name) {
    return compose.at("/services/" + name);
  }

  private static List<String> texts(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
  }

  @Test
  void mountsFilesThatExistAndVolumesThatAreDeclared() {
    for (var service : compose.get("services")) {
      for (var mount : texts(service.get("volumes"))) {
        var source = mount.split(":")[0];
        if (source.startsWith(".")) {
          assertThat(DIRECTORY.resolve(source)).isRegularFile();
          assertThat(mount).endsWith(":ro");
        } else {
          assertThat(compose.get("volumes").has(source)).as(mount).isTrue();
        }
      }
    }
  }

  @Test
  void buildsFromTheRootOfTheSources() throws IOException {
    var build = service("cp-prediction").get("build");
    var root = DIRECTORY.resolve(build.get("context").asText()).normalize();

    assertThat(root.resolve(build.get("dockerfile").asText())).isRegularFile();
    assertThat(Files.readString(Path.of("pom.xml"))).contains("-server.jar");
    assertThat(Files.readString(DIRECTORY.resolve("Containerfile.dockerignore")))
        .contains('!' + build.at("/args/JAR").asText());
    assertThat(service("cp-prediction").get("image").asText()).isEqualTo("cp-prediction:1.0.0");
  }

  @Test
  void configuresExistingKeys() throws IOException {
    var environment = new HashMap<String, String>();
    service("cp-prediction")
        .get("environment")
        .properties()
        .forEach(
            variable ->
                environment.put(
                    variable.getKey(),
                    variable.getValue().asText().replaceAll("\\$\\{[^}]*}", "t".repeat(48))));

    var loaded = new ConfigLoader(Path.of("conf/config.json"), true, environment, directory).load();

    assertThat(loaded.warnings()).noneMatch(warning -> warning.contains("sets no key"));
    assertThat(loaded.config().database().uri()).contains("@postgres:5432/cp");
    assertThat(service("postgres").at("/environment/POSTGRES_USER").asText()).isEqualTo("cp");
    assertThat(service("postgres").at("/environment/POSTGRES_DB").asText()).isEqualTo("cp");
    assertThat(texts(service("cp-prediction").get("ports")))
        .containsExactly("127.0.0.1:8000:%d".formatted(loaded.config().http().port()));
  }

  @Test
  void isReachableFromItsMachineOnly() {
    for (var service : compose.get("services")) {
      if (service.has("ports")) assertThat(texts(service.get("ports"))).allMatch(this::onLoopback);
    }
  }

  private boolean onLoopback(String port) {
    return port.startsWith("127.0.0.1:");
  }

  /** A password has no default, which would be that of every installation. */
  @Test
  void asksForEverySecretAsItsCommentSays() throws IOException {
    var text = Files.readString(DIRECTORY.resolve("compose.yaml"));
    var asked = Pattern.compile("\\$\\{(\\w+)(:\\?)?}").matcher(text).results().toList();

    assertThat(asked).isNotEmpty().allMatch(variable -> variable.group(2) != null);
    var exported = text.lines().filter(line -> line.contains("export ")).toList().toString();
    assertThat(asked).allMatch(variable -> exported.contains(variable.group(1) + "=$("));
    assertThat(text).doesNotContainPattern("(?i)(password|token): [^$]");
  }

  @Test
  void scrapesTheServiceByTheRulesOfTheProject() throws IOException {
    var mounted = new ArrayList<Path>();
    for (var mount : texts(service("prometheus").get("volumes"))) {
      var parts = mount.split(":");
      if (!parts[0].startsWith(".")) continue;
      var file = directory.resolve(Path.of(parts[1]).getFileName());
      mounted.add(Files.copy(DIRECTORY.resolve(parts[0]), file));
    }
    assertThat(mounted).hasSize(3);
    var scrape = Yaml.document(directory.resolve("prometheus.yml")).at("/scrape_configs/0");
    assertThat(scrape.get("job_name").asText()).isEqualTo("cp-prediction");
    assertThat(scrape.at("/static_configs/0/targets/0").asText()).isEqualTo("cp-prediction:8000");

    var checked =
        Program.run(
            Tool.find("promtool", "prometheus"),
            "",
            "check",
            "config",
            directory.resolve("prometheus.yml").toString());
    assertThat(checked.exit()).as(checked.output()).isZero();
  }

  @Test
  void showsTheDashboard() throws IOException {
    var provider = Yaml.document(DIRECTORY.resolve("grafana-dashboards.yaml")).at("/providers/0");
    var source = Yaml.document(DIRECTORY.resolve("grafana-datasource.yaml")).at("/datasources/0");

    assertThat(texts(service("grafana").get("volumes")))
        .contains(
            "../grafana/dashboard.json:%s/cp-prediction.json:ro"
                .formatted(provider.at("/options/path").asText()));
    assertThat(source.get("url").asText()).isEqualTo("http://prometheus:9090");
    assertThat(compose.get("services").has("prometheus")).isTrue();
    assertThat(new JsonObject(Files.readString(Path.of("conf/grafana/dashboard.json"))).encode())
        .contains("\"type\":\"" + source.get("type").asText() + '"');
  }
}
