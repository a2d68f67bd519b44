package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

class ConfigRulesTest {
  @Test
  void namesEveryBrokenRule() {
    var levels = "[\"a.b=debug\", \"a.b=info\", \"io.vertx.ext.web=trace\"]";

    assertThatThrownBy(() -> Configs.of(new JsonObject("{\"log\": {\"levels\": " + levels + "}}")))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e ->
                assertThat(e.errors())
                    .containsExactly(
                        "log.levels names a logger twice; name each once",
                        "log.levels can't name io.vertx.ext.web: it writes what callers send,"
                            + " addresses too"));
  }

  @Test
  void refusesOnePortForHttpAndGrpc() {
    var ports = new JsonObject("{\"http\": {\"port\": 9000}, \"grpc\": {\"enabled\": false}}");
    assertThat(Configs.of(ports).grpc().port()).isEqualTo(9_000);
    ports.getJsonObject("grpc").put("enabled", true);

    assertThatThrownBy(() -> Configs.of(ports))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e ->
                assertThat(e.errors())
                    .containsExactly(
                        "grpc.port and http.port are both 9000; set grpc.port to another"));

    ports.getJsonObject("http").put("port", 0);
    ports.getJsonObject("grpc").put("port", 0);
    assertThat(Configs.of(ports).grpc().enabled()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | ",
        "{\"host\": \"0.0.0.0\"} | cluster.host is 0.0.0.0, must be the address",
        "{\"host\": \"192.0.2.1\"} | cluster.host 192.0.2.1 is not loopback",
        "{\"host\": \"192.0.2.1\", \"trusted_network\": true} | ",
        "{\"tls\": {\"ca\": \"ca.pem\"}} | cluster.tls needs certificate, key and ca together",
        "{\"tls\": {\"certificate\": \"c\", \"key\": \"k\", \"ca\": \"a\"}} | ",
      })
  void explainsWhyANodeCanNotJoinACluster(String cluster, String error) {
    var config = Configs.of(new JsonObject("{\"cluster\": " + cluster + "}")).cluster();

    var found = ConfigRules.clusterError(config);

    if (error == null) assertThat(found).isEmpty();
    else assertThat(found.orElseThrow()).startsWith(error);
  }

  @Test
  void rulesOfOtherPackagesAreCheckedWithTheOthers(@TempDir Path dir) throws IOException {
    var file = Files.writeString(dir.resolve("config.json"), "{\"http\": {\"port\": 9000}}");
    var loader = new ConfigLoader(file, true, Map.of("CP_ZEBRA", "1"));

    assertThat(loader.checking(List.of(config -> Findings.warning("port " + port(config)))).check())
        .isEqualTo(new Findings(List.of(), List.of("CP_ZEBRA sets no key", "port 9000")));
    assertThat(
            loader
                .checking(List.of(config -> Findings.error("one"), config -> Findings.error("two")))
                .check())
        .isEqualTo(new Findings(List.of("one", "two"), List.of("CP_ZEBRA sets no key")));
  }

  private static int port(ServiceConfig config) {
    return config.http().port();
  }
}
