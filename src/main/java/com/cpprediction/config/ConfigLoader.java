package com.cpprediction.config;

import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import com.cpprediction.watch.FileContent;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads and validates the configuration: the environment overrides the file, the file overrides the
 * defaults. A secret may be in a file of its own, named by a variable; it counts as the
 * environment. A variable that is set to nothing counts as not set. Immutable.
 */
public final class ConfigLoader {
  /** Read when no other file is named, and optional then. */
  public static final Path DEFAULT_FILE = Path.of("conf", "config.json");

  private static final int MAX_BYTES = 1 << 20;

  private final Path file;
  private final boolean required;
  private final Map<String, String> environment;
  private final List<SecretFile> secrets;
  private final List<ConfigRule> rules;

  /** With the paths of secrets relative to the working directory. */
  public ConfigLoader(Path file, boolean required, Map<String, String> environment) {
    this(file, required, environment, Path.of(""));
  }

  /**
   * @param required whether an absent file is an error
   * @param environment as {@link System#getenv()}; only names that start with {@code CP_} count
   * @param home the directory that paths of secrets are relative to
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
    rules = List.of();
  }

  private ConfigLoader(ConfigLoader other, List<ConfigRule> rules) {
    file = other.file;
    required = other.required;
    environment = other.environment;
    secrets = other.secrets;
    this.rules = List.copyOf(rules);
  }

  /**
   * This loader with the rules of other packages, which {@link #load()} and {@link #check} check
   * too. The reload of a running service doesn't: its file may change while a file that it names is
   * away.
   */
  public ConfigLoader checking(List<ConfigRule> rules) {
    return new ConfigLoader(this, rules);
  }

  /** This loader with the file alone. */
  public ConfigLoader withoutEnvironment() {
    return new ConfigLoader(file, required, Map.of());
  }

  /**
   * Blocks while it reads.
   *
   * @throws ConfigException naming everything that is wrong
   */
  public LoadedConfig load() {
    var files = read();
    if (required && files.file().absent()) {
      throw new ConfigException(List.of(file + " " + files.file().problem()));
    }
    var loaded = load(files);
    var findings = rules.stream().map(rule -> rule.check(loaded.config())).toList();
    var errors = findings.stream().flatMap(found -> found.errors().stream()).toList();
    if (!errors.isEmpty()) throw new ConfigException(errors);
    var warnings = new ArrayList<>(variableWarnings());
    findings.forEach(found -> warnings.addAll(found.warnings()));
    return loaded.withWarnings(warnings);
  }

  /** As {@link #load()}, without failing. */
  public Findings check() {
    try {
      return new Findings(List.of(), load().warnings());
    } catch (ConfigException e) {
      return new Findings(e.errors(), variableWarnings());
    }
  }

  private List<String> variableWarnings() {
    return ConfigSchema.warnings(environment.keySet());
  }

  Path file() {
    return file;
  }

  /** Blocks. */
  SourceFiles read() {
    return new SourceFiles(
        FileContent.read(file, MAX_BYTES), secrets.stream().map(SecretFile::read).toList());
  }

  /** The files that differ. */
  List<Path> changed(SourceFiles before, SourceFiles now) {
    var changed = new ArrayList<Path>();
    if (!now.file().equals(before.file())) changed.add(file);
    for (int i = 0; i < secrets.size(); i++) {
      if (!now.secrets().get(i).equals(before.secrets().get(i))) changed.add(secrets.get(i).path());
    }
    return changed;
  }

  LoadedConfig load(SourceFiles files) {
    var errors = new ArrayList<String>();
    var sources =
        List.of(
            new ConfigSource(Origin.FILE, parsed(files.file(), errors)),
            new ConfigSource(Origin.SECRET_FILE, secrets(files.secrets(), errors)),
            new ConfigSource(Origin.ENVIRONMENT, variables()));
    try {
      var loaded = LoadedConfig.of(sources, files);
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
    } catch (MalformedJsonException e) {
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
