package com.cpprediction.testing;

import com.cpprediction.config.ConfigLoader;
import com.cpprediction.server.Home;
import com.cpprediction.server.Service;
import com.cpprediction.server.StartupRules;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A directory with a configuration and room for data; serves the small release on a free port. */
public record TestHome(Path directory) {
  public static TestHome in(Path directory) throws IOException {
    var home = new TestHome(directory);
    Files.createDirectories(directory.resolve("conf"));
    home.configure(new JsonObject());
    return home;
  }

  public Path config() {
    return directory.resolve("conf").resolve("config.json");
  }

  /** Writes the configuration with {@code changes} over what tests need. */
  public void configure(JsonObject changes) throws IOException {
    var json =
        new JsonObject()
            .put("http", new JsonObject().put("port", 0))
            .put("server", new JsonObject().put("warm_up_ms", 0)) // for tests that start fast
            .put("cache", new JsonObject().put("warm_popular", 0)) // or hits come of themselves
            .put("persistence", new JsonObject().put("ack", "commit")) // rows are there at once
            .put("models", new JsonObject().put("dir", SmallRelease.directory().toString()))
            .mergeIn(changes, true);
    var fresh = Files.writeString(directory.resolve("conf").resolve("config.new"), json.encode());
    Files.move(fresh, config(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  /** A service that is not started yet. */
  public Service service() {
    var home = new Home(directory);
    var loader = new ConfigLoader(config(), true, Map.of()).checking(StartupRules.of(home));
    var loaded = loader.load();
    var service =
        new Service(home, loader, loaded, home.resolve(loaded.config().models().dir()), false);
    OpenLeases.check(service::leases, () -> {});
    return service;
  }
}
