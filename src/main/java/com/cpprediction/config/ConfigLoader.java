package com.cpprediction.config;

import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.StrictJson;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads the configuration: the environment beats the file, the file beats the defaults. A variable
 * that is set but empty counts as not set.
 */
public final class ConfigLoader {
  /** Read when no other file is named, and optional then. */
  public static final Path DEFAULT_FILE = Path.of("conf", "config.json");

  private final Path file;
  private final boolean required;
  private final Map<String, String> environment;

  /**
   * @param required whether the file has to be there
   * @param environment as {@link System#getenv()}; only names that start with {@code CP_} count
   */
  public ConfigLoader(Path file, boolean required, Map<String, String> environment) {
    this.file = file;
    this.required = required;
    this.environment = Map.copyOf(environment);
  }

  /**
   * What {@link #check} found.
   *
   * @param errors why the configuration can't be used; empty when it can
   * @param warnings what is probably not meant so
   */
  public record Findings(List<String> errors, List<String> warnings) {}

  /**
   * Blocks while it reads.
   *
   * @throws ConfigException naming everything that is wrong
   */
  public LoadedConfig load() {
    var content = read();
    if (required && content.absent()) throw new ConfigException(List.of(file + " does not exist"));
    return load(content);
  }

  /** Blocks while it reads. */
  public Findings check() {
    try {
      load();
      return new Findings(List.of(), warnings());
    } catch (ConfigException e) {
      return new Findings(e.errors(), warnings());
    }
  }

  /** Variables that look like ours and set nothing. */
  public List<String> warnings() {
    return ConfigSchema.warnings(environment.keySet());
  }

  Path file() {
    return file;
  }

  /** Blocks. */
  Content read() {
    return Content.of(file);
  }

  LoadedConfig load(Content content) {
    var errors = new ArrayList<String>();
    var document = new JsonObject();
    try {
      document = parse(content);
    } catch (ConfigException e) {
      errors.addAll(e.errors());
    }
    try {
      var loaded = LoadedConfig.of(document, variables(), content);
      if (errors.isEmpty()) return loaded;
    } catch (ConfigException e) {
      errors.addAll(e.errors());
    }
    throw new ConfigException(errors);
  }

  private JsonObject parse(Content content) {
    if (content.absent()) return new JsonObject();
    if (content.problem() != null) {
      throw new ConfigException(List.of(file + " " + content.problem()));
    }
    try {
      return StrictJson.parseObject(content.bytes().getBytes());
    } catch (ServiceException e) {
      throw new ConfigException(List.of(file + ": " + e.getMessage()));
    }
  }

  private JsonObject variables() {
    var document = new JsonObject();
    for (var key : ConfigSchema.keys()) {
      var text = environment.getOrDefault(key.variable(), "");
      if (!text.isEmpty()) key.put(document, key.fromText(text));
    }
    return document;
  }
}
