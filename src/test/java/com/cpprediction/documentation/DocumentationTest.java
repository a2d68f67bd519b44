package com.cpprediction.documentation;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.ConfigTable;
import com.cpprediction.prediction.Failure;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** README.md and src/docs against the code: links, and the tables that list all of something. */
class DocumentationTest {
  private static final Path DOCS = Path.of("src/docs");

  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
  private static final Pattern TEST =
      Pattern.compile("`([A-Z][a-z]\\w*(?:Test|IT|Chaos|Packaging|Benchmark))`");
  private static final Pattern METER = Pattern.compile("`(cp_\\w+)(\\{[a-z_,]+})?`");
  private static final Pattern VERSION =
      Pattern.compile("<([\\w-]+(?:\\.[\\w-]+)*\\.version)>([^<]+)<");
  private static final Pattern LABEL = Pattern.compile("[{,] ?([a-z_]+)=");

  static Stream<Path> pages() throws IOException {
    try (var docs = Files.list(DOCS)) {
      return Stream.concat(
          Stream.of("README.md", "CHANGELOG.md", "models/README.md").map(Path::of),
          docs.filter(file -> file.toString().endsWith(".md")).sorted().toList().stream())
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyRelativeLinkAndAnchorResolves(Path page) throws IOException {
    for (var link : LINK.matcher(text(page)).results().map(found -> found.group(1)).toList()) {
      if (link.matches("https?://.*")) continue;
      var parts = link.split("#", 2);
      var target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();

      assertThat(target).as("%s: %s", page, link).exists();
      if (parts.length == 2)
        assertThat(anchors(target)).as("%s: %s", page, link).contains(parts[1]);
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyTestThatIsNamedExists(Path page) throws IOException {
    try (var files = Files.walk(Path.of("src/test/java"))) {
      var classes = files.map(file -> file.getFileName().toString()).toList();

      assertThat(TEST.matcher(text(page)).results().map(found -> found.group(1) + ".java"))
          .filteredOn(name -> !classes.contains(name))
          .isEmpty();
    }
  }

  @Test
  void configurationListsEveryKeyAsTheSchemaHasIt() throws IOException {
    var copy = Files.writeString(Path.of("target/configuration-keys.md"), ConfigTable.markdown());

    assertThat(text(DOCS.resolve("configuration.md")))
        .as("Put the table of %s there", copy)
        .contains(ConfigTable.markdown());
  }

  @Test
  void metersListsEveryMeterWithItsLabels() throws IOException {
    var kept = new HashMap<String, TreeSet<String>>();
    var meter = "";
    for (var line : Files.readAllLines(Path.of("src/test/resources/metrics/meters.txt"))) {
      if (!line.startsWith(" ")) kept.put(meter = line.split(" ")[0], new TreeSet<>());
      else kept.get(meter).addAll(labels(LABEL, line));
    }
    kept.keySet().removeIf(name -> !name.startsWith("cp_") || name.endsWith("_max"));
    kept.put("cp_cluster_members", new TreeSet<>()); // only there in a cluster
    kept.put("cp_cluster_replicas_missing", new TreeSet<>());
    kept.put("cp_caller_limited_total", new TreeSet<>(Set.of("caller"))); // of limited callers
    kept.get("cp_build_info").clear(); // its label is the version

    var listed = new HashMap<String, TreeSet<String>>();
    METER
        .matcher(text(DOCS.resolve("meters.md")))
        .results()
        .forEach(found -> listed.put(found.group(1), labels(found)));
    assertThat(listed).isEqualTo(kept);
  }

  @Test
  void theApiListsEveryErrorAndEveryRoute() throws IOException {
    var api = text(DOCS.resolve("api.md"));

    assertThat(Stream.of(Failure.values()))
        .allSatisfy(failure -> assertThat(api).contains("`" + failure.slug() + "`"));
    var contract = Path.of("src/main/resources/com/cpprediction/http/openapi.json");
    assertThat(new JsonObject(Files.readString(contract)).getJsonObject("paths").fieldNames())
        .allSatisfy(path -> assertThat(api).containsPattern("[` ]" + Pattern.quote(path) + "[`?]"));
  }

  @Test
  void theExampleOnTheEventBusHasTheVersionsOfTheService() throws IOException {
    var service = Files.readString(Path.of("pom.xml"));
    var example = Files.readString(Path.of("src/examples/event-bus/pom.xml"));
    var versions = versions(service);
    var own = Pattern.compile("(?s)</artifactId>\\s*<version>([^<]+)<").matcher(service);
    assertThat(own.find()).isTrue();
    versions.put("cp-prediction-service.version", own.group(1));

    assertThat(versions(example)).isNotEmpty();
    assertThat(versions).containsAllEntriesOf(versions(example));
    var dependencies = example.substring(0, example.indexOf("<build>"));
    assertThat(dependencies.split("<dependency>")).hasSizeGreaterThan(5);
    for (var dependency : dependencies.split("<dependency>")) {
      if (!dependency.contains("</dependency>")) continue;
      assertThat(dependency).containsPattern("<version>\\$\\{[\\w.-]+\\.version}</version>");
    }
  }

  /** Properties of a pom that are versions. */
  private static Map<String, String> versions(String pom) {
    var versions = new HashMap<String, String>();
    VERSION.matcher(pom).results().forEach(found -> versions.put(found.group(1), found.group(2)));
    return versions;
  }

  private static TreeSet<String> labels(MatchResult listed) {
    return listed.group(2) == null
        ? new TreeSet<>()
        : labels(Pattern.compile("([a-z_]+)"), listed.group(2));
  }

  private static TreeSet<String> labels(Pattern label, String line) {
    return label
        .matcher(line)
        .results()
        .map(found -> found.group(1))
        .collect(toCollection(TreeSet::new));
  }

  private static Stream<String> anchors(Path page) throws IOException {
    return HEADING
        .matcher(text(page))
        .results()
        .map(heading -> heading.group(1).toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\w\\- ]", "").replace(' ', '-'));
  }

  /** Without blocks of code, where a number sign starts a comment. */
  private static String text(Path page) throws IOException {
    return Files.readString(page).replaceAll("(?s)\n```.*?\n```", "");
  }
}
