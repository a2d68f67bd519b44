package com.cpprediction.ablation;

import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * A configuration under test.
 *
 * @param id in files and on the command line
 * @param label in reports
 * @param config in the shape of {@code conf/config.json}, without the {@link #OWN} keys
 */
record Variant(String id, String label, JsonObject config) {
  /** Keys, or groups of them, that the test environment sets for every variant alike. */
  static final List<String> OWN =
      List.of(
          "data_dir",
          "http.host",
          "http.port",
          "http.allowed_hosts",
          "http.admin_token",
          "http.predict_token",
          "http.tls",
          "database.uri",
          "database.embedded_port");

  /** Settings of a configuration file. Without secrets: all of them are among {@link #OWN}. */
  static Variant of(String id, Design.Configuration configuration) {
    var config = configuration.loaded().toDocument(false);
    for (var path : OWN) {
      int dot = path.indexOf('.');
      var parent = dot < 0 ? config : config.getJsonObject(path.substring(0, dot));
      if (parent != null) parent.remove(path.substring(dot + 1));
    }
    var models = new JsonObject().put("dir", configuration.models().toString());
    config.mergeIn(new JsonObject().put("models", models), true);
    return new Variant(id, configuration.name(), config);
  }

  /** Whether the test environment sets a key. */
  static boolean isOwn(String key) {
    return OWN.stream().anyMatch(own -> key.equals(own) || key.startsWith(own + '.'));
  }
}
