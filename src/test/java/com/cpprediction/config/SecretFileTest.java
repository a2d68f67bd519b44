package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecretFileTest {
  private static final String URI = "postgresql://cp:hunter2@db/cp";

  @TempDir Path dir;

  @ParameterizedTest
  @MethodSource("com.cpprediction.config.Samples#keys")
  void everySecretCanComeFromAFileAndNothingElse(ConfigKey key) throws IOException {
    var value = Samples.text(Samples.another(key));

    var loader = loader(Map.of(key.fileVariable(), write("secret", value)));
    var loaded = loader.load();

    if (key.secret()) {
      assertThat(loaded.config()).isNotEqualTo(ServiceConfig.defaults());
      assertThat(Samples.origins(loaded)).containsEntry(key.path(), Origin.SECRET_FILE);
      assertThat(loader.check().warnings()).isEmpty();
    } else {
      assertThat(loaded.config()).isEqualTo(ServiceConfig.defaults());
      assertThat(loader.check().warnings())
          .containsExactly(
              "%s sets no key; only a secret is read from a file, set %s"
                  .formatted(key.fileVariable(), key.variable()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "\r\n"})
  void oneNewlineAtTheEndIsNotPartOfTheSecret(String end) throws IOException {
    var loaded = secret(URI + end).load();

    assertThat(loaded.config().database().uri()).isEqualTo(URI);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n\n", "\n ", " ", "\r"})
  void otherWhitespaceIsPartOfTheSecret(String end) throws IOException {
    assertThat(secret(URI + end).check().errors())
        .singleElement()
        .asString()
        .startsWith("CP_DATABASE_URI_FILE is \"***\", must be ");
  }

  @Test
  void overridesTheFile() throws IOException {
    write("config.json", "{\"database\": {\"uri\": \"postgresql://elsewhere/cp\"}}");

    assertThat(secret(URI).load().config().database().uri()).isEqualTo(URI);
  }

  @Test
  void namesItsVariableAndShowsNoPassword() throws IOException {
    var loaded = secret(URI).load();

    var shown = loaded.toJson().getJsonObject("database.uri");
    assertThat(shown.getMap())
        .containsEntry("value", "postgresql://cp:***@db/cp")
        .containsEntry("origin", "secret_file")
        .containsEntry("variable", "CP_DATABASE_URI_FILE");
    assertThat(loaded + loaded.files().toString()).doesNotContain("hunter2");
  }

  @Test
  void refusesTheSecretAndItsFileTogether() throws IOException {
    var environment =
        Map.of("CP_DATABASE_URI", URI, "CP_DATABASE_URI_FILE", write("secret", "postgresql://db"));

    assertThat(loader(environment).check().errors())
        .containsExactly(
            "CP_DATABASE_URI and CP_DATABASE_URI_FILE are both set, must be one of them");
  }

  @Test
  void anEmptyVariableNamesNoFile() throws IOException {
    var environment = Map.of("CP_DATABASE_URI", "", "CP_DATABASE_URI_FILE", "");

    assertThat(loader(environment).load().config()).isEqualTo(ServiceConfig.defaults());
  }

  @Test
  void reportsAnAbsentFile() {
    var missing = dir.resolve("missing").toString();

    assertThat(loader(Map.of("CP_DATABASE_URI_FILE", missing)).check().errors())
        .containsExactly("CP_DATABASE_URI_FILE: " + missing + " does not exist");
  }

  @Test
  void reportsADirectory() {
    assertThat(loader(Map.of("CP_DATABASE_URI_FILE", dir.toString())).check().errors())
        .singleElement()
        .asString()
        .startsWith("CP_DATABASE_URI_FILE: " + dir + " can't be read: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "\r\n"})
  void reportsAnEmptyFile(String text) throws IOException {
    assertThat(secret(text).check().errors())
        .containsExactly("CP_DATABASE_URI_FILE: " + dir.resolve("secret") + " is empty");
  }

  @Test
  void reportsAnOversizedFile() throws IOException {
    assertThat(secret("x".repeat(SecretFile.MAX_BYTES + 1)).check().errors())
        .containsExactly(
            "CP_DATABASE_URI_FILE: " + dir.resolve("secret") + " is larger than 65536 bytes");
    assertThat(secret("x".repeat(SecretFile.MAX_BYTES)).check().errors())
        .singleElement()
        .asString()
        .startsWith("CP_DATABASE_URI_FILE is \"***\", must be ");
  }

  @Test
  void reportsAFileThatIsNotUtf8() throws IOException {
    Files.write(dir.resolve("secret"), (URI + "é").getBytes(StandardCharsets.ISO_8859_1));
    var loader = loader(Map.of("CP_DATABASE_URI_FILE", dir.resolve("secret").toString()));

    assertThatThrownBy(loader::load)
        .isInstanceOf(ConfigException.class)
        .hasMessage("CP_DATABASE_URI_FILE: " + dir.resolve("secret") + " is not valid UTF-8")
        .hasNoCause();
  }

  @ParameterizedTest
  @MethodSource("com.cpprediction.config.SecretPartTest#malformed")
  void anErrorNeverQuotesTheFile(String uri) throws IOException {
    if (uri.endsWith("\n")) return; // a last newline is not part of the secret

    assertThat(secret(uri).check().errors().toString()).doesNotContain("hunter2");
  }

  @Test
  void reportsTheErrorsOfFileSecretAndVariableAtOnce() throws IOException {
    write("config.json", "{");
    var environment = Map.of("CP_DATABASE_URI_FILE", write("secret", ""), "CP_HTTP_PORT", "high");

    assertThat(loader(environment).check().errors())
        .hasSize(3)
        .anySatisfy(error -> assertThat(error).contains("config.json: Not valid JSON"))
        .anySatisfy(error -> assertThat(error).endsWith("secret is empty"))
        .anySatisfy(error -> assertThat(error).startsWith("CP_HTTP_PORT is \"high\""));
  }

  @Test
  void aRelativePathIsResolvedAgainstHome() throws IOException {
    write("secret", URI);
    var environment = Map.of("CP_DATABASE_URI_FILE", "secret");

    var loader = new ConfigLoader(dir.resolve("config.json"), false, environment, dir);

    assertThat(loader.load().config().database().uri()).isEqualTo(URI);
  }

  @Test
  void aMisspeltVariableIsAWarning() {
    assertThat(loader(Map.of("CP_DATABASE_URL_FILE", "x")).check())
        .isEqualTo(
            new Findings(
                List.of(),
                List.of("CP_DATABASE_URL_FILE sets no key; did you mean CP_DATABASE_URI_FILE?")));
  }

  private String write(String name, String text) throws IOException {
    return Files.writeString(dir.resolve(name), text).toString();
  }

  private ConfigLoader secret(String text) throws IOException {
    return loader(Map.of("CP_DATABASE_URI_FILE", write("secret", text)));
  }

  private ConfigLoader loader(Map<String, String> environment) {
    return new ConfigLoader(dir.resolve("config.json"), false, environment);
  }
}
