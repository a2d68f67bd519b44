package com.cpprediction.config;

import com.cpprediction.watch.FileContent;
import io.vertx.core.json.JsonObject;
import java.util.List;

/** Configurations for tests. */
public final class Configs {
  private Configs() {}

  /**
   * The defaults with the keys of {@code file} over them.
   *
   * @param file shaped as {@code conf/config.json}
   * @throws ConfigException naming everything that is wrong with it
   */
  public static ServiceConfig of(JsonObject file) {
    var source = new ConfigSource(Origin.FILE, file);
    return LoadedConfig.of(List.of(source), new SourceFiles(FileContent.ABSENT, List.of()))
        .config();
  }
}
