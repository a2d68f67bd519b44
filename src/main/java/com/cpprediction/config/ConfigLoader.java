package com.cpprediction.config;

import com.cpprediction.json.StrictJson;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.watch.FileContent;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads the configuration: the environment beats the file, the file beats the defaults. A secret
 * may lie in a file of its own, which a variable names; that counts as the environment. A variable
 * that is set but empty counts as not set.
 */
public final class ConfigLoader {
  /** Read when no other file is named, and optional then. */
  public static final Path DEFAULT_FILE = Path.of("conf", "config.json");

  private static final int MAX_BYTES = 1 << 20;

  private final Path file;
  private final boolean required;
  private final Map<String, String> environment;
  private final List<SecretFile> secrets;

  /** With relative paths of secrets' files from the working directory. */
  public ConfigLoader(Path file, boolean required, Map<String, String> environment) {
    this(file, required, environment, Path.of(""));
  }

  /**
   * @param required whether the file has to be there
   * @param environment as {@link System#getenv()}; only names that start with {@code CP_} count
   * @param home where relative paths of secrets' files start from
   */
  public ConfigLoader(Path file, boolean required, Map<String, String> environment, Path home) {
    this.file = file;
    this.required = required;
    this.environment = Map.copyOf(environment);
    secrets =
        ConfigSchema.keys().stream()
            .filter(key -> key.secret() && isSet(key.fileVariable()))
            .map(key -> new SecretFile(key, home.resolve(variable(key.fileVariable()))))
            .toList();
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
    var sources = read();
    if (required && sources.file().absent()) {
      throw new ConfigException(List.of(file + " does not exist"));
    }
    return load(sources);
  }

  /** For the file by itself, without the environment. */
  public ConfigLoader withoutEnvironment() {
    return new ConfigLoader(file, required, Map.of());
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
  Sources read() {
    return new Sources(
        FileContent.read(file, MAX_BYTES), secrets.stream().map(SecretFile::read).toList());
  }

  /** The files that differ between two looks. */
  List<Path> changed(Sources before, Sources now) {
    var changed = new ArrayList<Path>();
    if (!now.file().equals(before.file())) changed.add(file);
    for (int i = 0; i < secrets.size(); i++) {
      if (!now.secrets().get(i).equals(before.secrets().get(i))) changed.add(secrets.get(i).path());
    }
    return changed;
  }

  LoadedConfig load(Sources sources) {
    var errors = new ArrayList<String>();
    var layers =
        List.of(
            new Layer(Origin.FILE, parsed(sources.file(), errors)),
            new Layer(Origin.SECRET_FILE, secrets(sources.secrets(), errors)),
            new Layer(Origin.ENVIRONMENT, variables()));
    try {
      var loaded = LoadedConfig.of(layers, sources);
      if (errors.isEmpty()) return loaded;
    } catch (ConfigException e) {
      errors.addAll(e.errors());
    }
    throw new ConfigException(errors);
  }

  private JsonObject parsed(FileContent content, List<String> errors) {
    if (content.bytes().isEmpty()) {
      if (!content.absent()) errors.add(file + " " + content.problem());
      return new JsonObject();
    }
    try {
      return StrictJson.parseObject(content.bytes().get().getBytes());
    } catch (ServiceException e) {
      errors.add(file + ": " + e.getMessage());
      return new JsonObject();
    }
  }

  private JsonObject secrets(List<FileContent> contents, List<String> errors) {
    var document = new JsonObject();
    for (int i = 0; i < contents.size(); i++) {
      var secret = secrets.get(i);
      var key = secret.key();
      if (isSet(key.variable())) {
        errors.add(
            "%s and %s are both set, must be one of them"
                .formatted(key.variable(), key.fileVariable()));
      }
      try {
        key.put(document, key.fromText(secret.text(contents.get(i))));
      } catch (IllegalArgumentException e) {
        errors.add(e.getMessage());
      }
    }
    return document;
  }

  private JsonObject variables() {
    var document = new JsonObject();
    for (var key : ConfigSchema.keys()) {
      var text = variable(key.variable());
      if (!text.isEmpty()) key.put(document, key.fromText(text));
    }
    return document;
  }

  private boolean isSet(String variable) {
    return !variable(variable).isEmpty();
  }

  private String variable(String name) {
    return environment.getOrDefault(name, "");
  }
}
