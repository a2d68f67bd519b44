package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.Samples.Sample;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
  @TempDir Path dir;

  @Test
  void withoutAFileTheDefaultsApply() {
    var loaded = new ConfigLoader(dir.resolve("none.json"), false, Map.of()).load();

    assertThat(loaded.config()).isEqualTo(ServiceConfig.defaults());
    assertThat(Samples.origins(loaded).values()).containsOnly(Origin.DEFAULT);
  }

  @Test
  void aNamedFileHasToBeThere() {
    var file = dir.resolve("none.json");

    assertThat(new ConfigLoader(file, true, Map.of()).check().errors())
        .containsExactly(file + " does not exist");
  }

  @Test
  void aDirectoryIsNoFile() {
    assertThat(new ConfigLoader(dir, false, Map.of()).check().errors())
        .singleElement()
        .asString()
        .startsWith(dir + " can't be read: ");
  }

  @Test
  void anOversizedFileIsRefused() throws IOException {
    var loader = file(" ".repeat((1 << 20) + 1));

    assertThat(loader.check().errors())
        .singleElement()
        .asString()
        .endsWith("config.json is larger than 1048576 bytes");
  }

  @ParameterizedTest
  @MethodSource("com.cpprediction.config.Samples#keys")
  void everyKeyCanComeFromFileAndEnvironment(ConfigKey key) throws IOException {
    var document = new JsonObject();
    key.put(document, Samples.another(key));
    var text = Samples.text(Samples.another(key));

    var fromFile = file(document.encode()).load();
    var fromEnvironment = file("{}", Map.of(key.variable(), text)).load();

    assertThat(fromFile.config())
        .isEqualTo(fromEnvironment.config())
        .isNotEqualTo(ServiceConfig.defaults());
    assertThat(Samples.origins(fromFile)).containsEntry(key.path(), Origin.FILE);
    assertThat(Samples.origins(fromEnvironment)).containsEntry(key.path(), Origin.ENVIRONMENT);
    assertThat(Samples.origins(fromEnvironment).values()).containsOnlyOnce(Origin.ENVIRONMENT);
  }

  @Test
  void theEnvironmentOverridesTheFileOverridesTheDefault() throws IOException {
    var loaded =
        file(
                """
                {"http": {"host": "0.0.0.0", "port": 9000}}
                """,
                Map.of("CP_HTTP_PORT", "9001"))
            .load();

    assertThat(loaded.config().http().host()).isEqualTo("0.0.0.0");
    assertThat(loaded.config().http().port()).isEqualTo(9001);
    assertThat(Samples.origins(loaded))
        .containsEntry("http.port", Origin.ENVIRONMENT)
        .containsEntry("http.host", Origin.FILE)
        .containsEntry("log.level", Origin.DEFAULT);
  }

  @Test
  void anEmptyVariableIsNotSet() throws IOException {
    var loader = file("{\"http\": {\"port\": 9000}}", Map.of("CP_HTTP_PORT", ""));

    assertThat(loader.load().config().http().port()).isEqualTo(9000);
    assertThat(Samples.origins(loader.load())).containsEntry("http.port", Origin.FILE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"8001", "8001.0", "8.001e3"})
  void anIntegerMayBeWrittenInSeveralWays(String port) throws IOException {
    assertThat(file("{\"http\": {\"port\": %s}}".formatted(port)).load().config().http().port())
        .isEqualTo(8001);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '#',
      value = {
        "{\"persistence\":{\"batch_size\":0}} # persistence.batch_size is 0, must be in 1..10000",
        "{\"persistence\":{\"batch_size\":99999999999999999999}} # persistence.batch_size is"
            + " 99999999999999999999, must be in 1..10000",
        "{\"persistence\":{\"batch_size\":\"500\"}} # persistence.batch_size is \"500\", must be an"
            + " integer in 1..10000",
        "{\"persistence\":{\"batch_size\":null}} # persistence.batch_size is null, must be an"
            + " integer in 1..10000",
        "{\"prediction\":{\"min_text_confidence\":11}} # prediction.min_text_confidence is 11, must be in 0..1",
        "{\"prediction\":{\"wrong_pincodes\":0.0125}} # prediction.wrong_pincodes is 0.0125, must be \"auto\" or 0..0.5"
            + " in steps of 0.001",
        "{\"prediction\":{\"min_text_confidence\":\"1\"}} # prediction.min_text_confidence is \"1\", must be a"
            + " number in 0..1",
        "{\"prediction\":{\"wrong_pincodes\":0.6}} # prediction.wrong_pincodes is 0.6, must be \"auto\" or 0..0.5",
        "{\"prediction\":{\"wrong_pincodes\":\"none\"}} # prediction.wrong_pincodes is \"none\", must be \"auto\" or 0..0.5",
        "{\"prediction\":{\"pincode_trust\":1.4}} # \"prediction.pincode_trust\" is no key any more; leave it out,"
            + " or set prediction.wrong_pincodes to the share of wrong pincodes",
        "{\"cache\":{\"enabled\":1}} # cache.enabled is 1, must be true or false",
        "{\"cache\":{\"enabled\":{}}} # cache.enabled is an object, must be true or false",
        "{\"cache\":{\"enabled\":[]}} # cache.enabled is a list, must be true or false",
        "{\"persistence\":{\"ack\":\"all\"}} # persistence.ack is \"all\", must be \"journal\","
            + " \"commit\" or \"none\"",
        "{\"log\":{\"level\":\"loud\"}} # log.level is \"loud\", must be \"trace\", \"debug\","
            + " \"info\", \"warn\" or \"error\"",
        "{\"data_dir\":\"\"} # data_dir is \"\", must be a path without control characters",
        "{\"cache\":5} # cache must be an object",
        "{\"cache\":null} # cache must be an object",
        "{\"database\":{\"pool\":\"postgresql://u:p@h\"}} # database.pool must be an object",
        "{\"http\":{\"prt\":1}} # \"http.prt\" is no key; did you mean http.port?",
        "{\"databse\":{\"uri\":\"\"}} # \"databse\" is no key; did you mean database?",
        "{\"batch_size\":1} # \"batch_size\" is no key; did you mean persistence.batch_size?",
        "{\"http.port\":1} # \"http.port\" is no key; write its parts as nested objects",
        "{\"database.pool\":{}} # \"database.pool\" is no key; write its parts as nested objects",
        "{\"a b/~%+é\":1} # \"a b/~%+é\" is no key",
        "{\"\":1} # \"\" is no key",
        "{\"http\":{\"port\":1,\"port\":2}} # Not valid JSON: Duplicate field (line 1,"
            + " column 25)",
        "{\"cache\":\"postgresql://u:p@h\"} # cache must be an object",
        "{\"data_dir\":5} # data_dir is 5, must be a path without control characters",
        "{\"http\":{\"port\":\"hunter2-hunter2-hunter2\"}} # http.port is a text of 23 characters, must"
            + " be an integer in 0..65535",
        "{\"http\":{\"hunter2-hunter2-hunter2\":1}} # a text of 28 characters is no key",
        "{\"http\":{\"port\":1} # Not valid JSON: Unexpected end-of-input",
        "[] # The JSON document must be an object",
        "`` # The JSON document is empty",
      })
  void describesTheError(String text, String error) throws IOException {
    var loader = file(text);

    assertThat(loader.check().errors())
        .singleElement()
        .satisfies(said -> assertThat(said.replace(loader.file() + ": ", "")).startsWith(error));
  }

  @Test
  void namesTheFileThatIsNoJson() throws IOException {
    var loader = file("{");

    assertThat(loader.check().errors())
        .singleElement()
        .asString()
        .startsWith(loader.file() + ": Not valid JSON");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '#',
      value = {
        "CP_HTTP_PORT # abc # CP_HTTP_PORT is \"abc\", must be an integer in 0..65535",
        "CP_HTTP_PORT # 8000.0 # CP_HTTP_PORT is \"8000.0\", must be an integer in 0..65535",
        "CP_HTTP_PORT # ` 1` # CP_HTTP_PORT is \" 1\", must be an integer in 0..65535",
        "CP_HTTP_PORT # -1 # CP_HTTP_PORT is -1, must be in 0..65535",
        "CP_PREDICTION_WRONG_PINCODES # much # CP_PREDICTION_WRONG_PINCODES is \"much\", must be"
            + " \"auto\" or 0..0.5 in steps of 0.001",
        "CP_PREDICTION_MIN_TEXT_CONFIDENCE # much # CP_PREDICTION_MIN_TEXT_CONFIDENCE is \"much\","
            + " must be a number in 0..1",
        "CP_PREDICTION_MIN_TEXT_CONFIDENCE # 1e999 # CP_PREDICTION_MIN_TEXT_CONFIDENCE is"
            + " Infinity, must be in 0..1",
        "CP_CACHE_ENABLED # TRUE # CP_CACHE_ENABLED is \"TRUE\", must be true or false",
        "CP_PERSISTENCE_ACK # disk # CP_PERSISTENCE_ACK is \"disk\", must be \"journal\","
            + " \"commit\" or \"none\"",
      })
  void namesTheWrongVariable(String variable, String value, String error) throws IOException {
    assertThat(file("{}", Map.of(variable, value)).check().errors()).containsExactly(error);
  }

  @Test
  void reportsEveryErrorAtOnce() throws IOException {
    var loader =
        file(
            """
            {"http": {"port": -1, "hots": "x"}, "log": {"level": 3}, "persistence": []}
            """,
            Map.of("CP_HTTP_PORT", "abc", "CP_CACHE_MAX_SIZE", "-5"));

    assertThat(loader.check().errors())
        .containsExactlyInAnyOrder(
            "http.port is -1, must be in 0..65535",
            "\"http.hots\" is no key; did you mean http.host?",
            "log.level is 3, must be \"trace\", \"debug\", \"info\", \"warn\" or \"error\"",
            "persistence must be an object",
            "CP_HTTP_PORT is \"abc\", must be an integer in 0..65535",
            "CP_CACHE_MAX_SIZE is -5, must be in 0..10000000");
  }

  @Test
  void aBrokenFileDoesNotHideABadVariable() throws IOException {
    assertThat(file("{", Map.of("CP_HTTP_PORT", "abc")).check().errors())
        .hasSize(2)
        .contains("CP_HTTP_PORT is \"abc\", must be an integer in 0..65535");
  }

  @Test
  void anUnknownVariableIsAWarning() throws IOException {
    var loader = file("{}", Map.of("CP_HTTP_PROT", "1", "CP_ZEBRA", "1", "PATH", "/bin"));

    assertThat(loader.check())
        .isEqualTo(
            new Findings(
                List.of(),
                List.of(
                    "CP_HTTP_PROT sets no key; did you mean CP_HTTP_PORT?",
                    "CP_ZEBRA sets no key")));
  }

  @ParameterizedTest
  @MethodSource("com.cpprediction.config.SecretPartTest#malformed")
  void anErrorNeverShowsAPassword(String uri) throws IOException {
    var document = new JsonObject().put("database", new JsonObject().put("uri", uri));

    var loader = file(document.encode(), Map.of("CP_DATABASE_URI", uri));

    assertThatThrownBy(loader::load)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("database.uri is \"***\", must be ")
        .hasMessageContaining("CP_DATABASE_URI is \"***\", must be ")
        .hasMessageNotContaining("hunter2");
  }

  @ParameterizedTest
  @MethodSource("com.cpprediction.config.Samples#secrets")
  void anErrorNeverShowsASecret(Sample sample) throws IOException {
    var variable = sample.key().variable();

    var loader = file(sample.document().encode(), Map.of(variable, sample.value().toString()));

    assertThatThrownBy(loader::load)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(named(sample, sample.key().path()))
        .hasMessageContaining(named(sample, variable))
        .hasMessageContaining(", must be ")
        .hasMessageNotContaining("hunter2");
  }

  /** Of a list of objects, the error names the wrong one. */
  private static String named(Sample sample, String key) {
    return sample.key().ofObjects() ? key + "[0]" : key + " is \"***\"";
  }

  /** Each character of a file removed or replaced: quotes may open and close anywhere. */
  @Test
  void noTypingErrorShowsASecret() throws IOException {
    var token = "s3cr3tT0kenOfAdm1ns";
    var password = "Unw1tt1ngKw7ZqV";
    var text =
        """
        {"http": {"admin_token": "%s", "port": 8000, "allowed_hosts": []},
         "database": {"uri": "postgres://cp:%s@db/cp"}, "log": {"levels": []}}
        """
            .formatted(token, password);
    int refused = 0;
    for (int i = 0; i < text.length(); i++) {
      for (var other : List.of("", "\"", ",", ":", "{", "}", "[", "'", "\\", "\n", "0", "#")) {
        var errors = file(text.substring(0, i) + other + text.substring(i + 1)).check().errors();
        if (errors.isEmpty()) continue;
        refused++;
        for (var secret : List.of(token, password)) {
          for (int start = 0; start + 4 <= secret.length(); start++) {
            assertThat(String.join("; ", errors))
                .doesNotContain(secret.substring(start, start + 4));
          }
        }
      }
    }
    assertThat(refused).isGreaterThan(1_000);
  }

  @Test
  void aLoadedTokenIsNotPrinted() throws IOException {
    var loaded =
        file("""
                {"http": {"admin_token": "postgresql://cp@hunter2/cp", "tls": {"password": "hunter2"}}}
                """)
            .load();

    assertThat(List.of(loaded.toString(), loaded.toJson().encode()))
        .noneMatch(text -> text.contains("hunter2"));
    assertThat(loaded.toJson().getJsonObject("http.admin_token").getString("value"))
        .isEqualTo("***");
    assertThat(loaded.toJson().getJsonObject("http.predict_token").getString("value")).isEmpty();
  }

  @Test
  void aLoadedPasswordIsNotPrinted() throws IOException {
    var loaded = file("{\"database\": {\"uri\": \"postgresql://cp:hunter2@db/cp\"}}").load();

    assertThat(List.of(loaded.toString(), loaded.toJson().encode(), loaded.files().toString()))
        .noneMatch(text -> text.contains("hunter2"));
    assertThat(loaded.toJson().getJsonObject("database.uri").getString("value"))
        .isEqualTo("postgresql://cp:***@db/cp");
  }

  @Test
  void printsWhatTheFileSetsAsItIsRead() throws IOException {
    var loader =
        file(
            """
            {"prediction": {"wrong_pincodes": 2e-1}, "http": {"port": 9e3},
             "database": {"uri": "postgresql://cp:hunter2@db/cp"}}
            """,
            Map.of("CP_HTTP_PORT", "9001", "CP_CACHE_MAX_SIZE", "5"));

    assertThat(loader.withoutEnvironment().load().toDocument(false))
        .isEqualTo(
            new JsonObject(
                """
                {"http": {"port": 9000}, "prediction": {"wrong_pincodes": 0.2},
                 "database": {"uri": "postgresql://cp:***@db/cp"}}
                """));
  }

  @Test
  void printsEveryKeyWithItsValueInForce() throws IOException {
    var loaded = file("{\"http\": {\"port\": 9000}}", Map.of("CP_CACHE_MAX_SIZE", "5")).load();

    var document = loaded.toDocument(true);

    assertThat(Configs.of(document)).isEqualTo(loaded.config());
    assertThat(Samples.keys()).allSatisfy(key -> assertThat(key.in(document)).isNotNull());
  }

  @Test
  void theShippedFileHasTheDefaults() {
    var loaded = new ConfigLoader(ConfigLoader.DEFAULT_FILE, true, Map.of()).load();

    assertThat(loaded.config()).isEqualTo(ServiceConfig.defaults());
    assertThat(Samples.origins(loaded)).containsEntry("http.port", Origin.FILE);
  }

  private ConfigLoader file(String text) throws IOException {
    return file(text, Map.of());
  }

  private ConfigLoader file(String text, Map<String, String> environment) throws IOException {
    return new ConfigLoader(Files.writeString(dir.resolve("config.json"), text), true, environment);
  }
}
