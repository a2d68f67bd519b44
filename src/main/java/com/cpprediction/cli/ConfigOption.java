package com.cpprediction.cli;

import com.cpprediction.config.ConfigLoader;
import com.cpprediction.config.LoadedConfig;
import com.cpprediction.server.Home;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option {@code --conf}, and the configuration it selects. */
final class ConfigOption {
  @Option(
      names = "--conf",
      description = "Configuration file (default: conf/config.json, which need not exist).")
  private Path conf;

  Home home() {
    return Home.of(conf);
  }

  ConfigLoader loader() {
    var home = home();
    return new ConfigLoader(home.config(conf), conf != null, System.getenv(), home.directory());
  }

  LoadedConfig load() {
    return loader().load();
  }
}
