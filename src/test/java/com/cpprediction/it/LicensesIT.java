package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.PackagedJar;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The packaged jar has the license of everything in it: META-INF/THIRD-PARTY.txt names each
 * dependency with its own.
 */
class LicensesIT {
  private static final Pattern LINE =
      Pattern.compile("(?<what>[^|]+) \\| [^|]+ \\| (?<texts>[^|]+)");
  private static final Pattern EMBEDDED =
      Pattern.compile("META-INF/maven/([^/]+)/([^/]+)/pom\\.(properties|xml)");
  private static final String OURS = "com.cpprediction:cp-prediction-service";

  private static ZipFile jar;
  private static List<Listed> listed;

  /** A line of the list: {@code group:artifact}, or {@code group:*}. */
  private record Listed(String what, List<String> texts) {
    private static Listed of(String line) {
      var columns = LINE.matcher(line);
      assertThat(columns.matches()).as(line).isTrue();
      return new Listed(columns.group("what"), List.of(columns.group("texts").split(", ")));
    }

    private boolean covers(String artifact) {
      return what.endsWith("*")
          ? artifact.startsWith(what.substring(0, what.length() - 1))
          : artifact.equals(what);
    }
  }

  @BeforeAll
  static void open() throws IOException {
    jar = new ZipFile(PackagedJar.file().toFile());
    listed =
        text("META-INF/THIRD-PARTY.txt")
            .lines()
            .filter(line -> line.contains("|"))
            .map(Listed::of)
            .toList();
  }

  @AfterAll
  static void close() throws IOException {
    jar.close();
  }

  private static String text(String name) throws IOException {
    var entry = Objects.requireNonNull(jar.getEntry(name), name);
    try (var in = jar.getInputStream(entry)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Of the bill of materials. */
  private static Set<String> artifacts() throws IOException {
    JsonArray components =
        new JsonObject(Buffer.buffer(text("META-INF/sbom/bom.json"))).getJsonArray("components");
    return components.stream()
        .map(JsonObject.class::cast)
        .map(component -> component.getString("group") + ':' + component.getString("name"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Those that other artifacts bring inside them. */
  private static Set<String> embedded() {
    return jar.stream()
        .map(entry -> EMBEDDED.matcher(entry.getName()))
        .filter(matcher -> matcher.matches())
        .map(matcher -> matcher.group(1) + ':' + matcher.group(2))
        .filter(artifact -> !artifact.equals(OURS))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void listsEveryArtifact() throws IOException {
    var artifacts = artifacts();

    assertThat(artifacts).hasSizeGreaterThan(50).contains("io.vertx:vertx-core");
    assertThat(embedded()).contains("io.github.classgraph:classgraph");
    assertThat(Stream.concat(artifacts.stream(), embedded().stream()))
        .allSatisfy(
            artifact ->
                assertThat(listed)
                    .as("lines of META-INF/THIRD-PARTY.txt on %s", artifact)
                    .anyMatch(line -> line.covers(artifact)));
  }

  @Test
  void listsNothingThatIsGone() throws IOException {
    var there = artifacts();
    there.addAll(embedded());

    assertThat(listed.stream().filter(line -> line.what().matches("[\\w.-]+:[\\w.*-]+")))
        .hasSizeGreaterThan(30)
        .filteredOn(line -> !line.what().startsWith("org.webjars")) // unpacked, no dependencies
        .allSatisfy(line -> assertThat(there).as(line.what()).anyMatch(line::covers));
  }

  @Test
  void hasEveryText() throws IOException {
    for (var line : listed) {
      for (var name : line.texts()) {
        var path = Path.of("META-INF").resolve(name).normalize().toString();
        assertThat(text(path)).as("%s of %s", path, line.what()).hasSizeGreaterThan(30);
      }
    }
    assertThat(text("META-INF/LICENSE")).contains("Apache License", "Version 2.0, January 2004");
  }
}
