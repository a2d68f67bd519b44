package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigCommandTest {
  @TempDir Path dir;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void printsTheSettingsOfTheFile() throws IOException {
    assertThat(print("{\"http\": {\"port\": 9e3}}")).isZero();
    assertThat(new JsonObject(out.toString()))
        .isEqualTo(new JsonObject("{\"http\": {\"port\": 9000}}"));
  }

  @Test
  void printsNothingOfAnEmptyFile() throws IOException {
    assertThat(print("{}")).isZero();
    assertThat(new JsonObject(out.toString())).isEmpty();
  }

  @Test
  void printsAnEffectiveConfigurationWithEveryKey() throws IOException {
    assertThat(print("{\"http\": {\"port\": 9000}}", "--effective")).isZero();

    var printed = Files.writeString(dir.resolve("printed.json"), out.toString());
    assertThat(new JsonObject(out.toString()).getJsonObject("http").getMap())
        .containsEntry("port", 9000)
        .containsEntry("host", "127.0.0.1");
    assertThat(run("config", "check", printed.toString())).isZero();
  }

  @Test
  void theTableHasARowPerKeyInColumns() throws IOException {
    assertThat(print("{\"http\": {\"port\": 9000}}", "--effective", "--origin")).isZero();

    var lines = out.toString().lines().toList();
    int origin = lines.get(0).indexOf("ORIGIN");
    assertThat(lines)
        .allSatisfy(line -> assertThat(line.substring(origin - 2, origin)).isEqualTo("  "))
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith("http.port")
                    .contains(" 9000 ")
                    .endsWith("CP_HTTP_PORT")
                    .satisfies(l -> assertThat(l.substring(origin)).startsWith("file ")));
  }

  @Test
  void originsAsJsonAreThoseOfTheService() throws IOException {
    assertThat(print("{\"http\": {\"port\": 9000}}", "--origin", "--json")).isZero();

    assertThat(new JsonObject(out.toString()).getJsonObject("http.port"))
        .isEqualTo(
            new JsonObject()
                .put("value", 9000)
                .put("origin", "file")
                .put("variable", "CP_HTTP_PORT")
                .put("reload", "restart"));
  }

  @Test
  void aSecretIsPrintedWithoutItsPassword() throws IOException {
    var file = "{\"database\": {\"uri\": \"postgresql://cp:hunter2@db/cp\"}}";

    print(file);
    print(file, "--effective");
    print(file, "--origin");
    print(file, "--origin", "--json");

    assertThat(out.toString()).contains("postgresql://cp:***@db/cp").doesNotContain("hunter2");
  }

  @Test
  void printsNoUnusableConfiguration() throws IOException {
    assertThat(print("{\"http\": {\"port\": -1}}", "--effective")).isEqualTo(1);
    assertThat(err.toString().strip()).isEqualTo("http.port is -1, must be in 0..65535");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aNamedFileHasToBeThere() {
    var missing = dir.resolve("missing.json").toString();

    assertThat(run("config", "print", "--conf", missing)).isEqualTo(1);
    assertThat(err.toString().strip()).isEqualTo(missing + " does not exist");
  }

  @Test
  void anythingElseIsWrongUsage() throws IOException {
    assertThat(print("{}", "--effect")).isEqualTo(2);
  }

  private int print(String file, String... options) throws IOException {
    var conf = Files.writeString(dir.resolve("config.json"), file).toString();
    var arguments = new String[options.length + 4];
    System.arraycopy(new String[] {"config", "print", "--conf", conf}, 0, arguments, 0, 4);
    System.arraycopy(options, 0, arguments, 4, options.length);
    return run(arguments);
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}
