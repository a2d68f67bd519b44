package com.cpprediction.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A systemd unit with its drop-ins, as much of it as begins a process: user, directory, environment
 * and command.
 */
final class Unit {
  private static final Map<String, String> DIRECTORIES =
      Map.of("%S", "/var/lib", "%C", "/var/cache");

  private final Map<String, List<String>> lines = new HashMap<>();

  /**
   * @param files the unit, then its drop-ins
   */
  static Unit of(Path... files) throws IOException {
    var unit = new Unit();
    for (var file : files) {
      for (var line : Files.readAllLines(file)) {
        var setting = line.split("=", 2);
        if (line.startsWith("#") || setting.length < 2) continue;
        unit.lines.computeIfAbsent(setting[0], key -> new ArrayList<>()).add(setting[1]);
      }
    }
    return unit;
  }

  /** The last value of a setting. */
  String last(String setting) {
    var values = Objects.requireNonNull(lines.get(setting), setting);
    return values.get(values.size() - 1);
  }

  /** Variables as {@code NAME=value}, without those of its files. */
  List<String> environment() {
    return lines.get("Environment").stream()
        .flatMap(line -> List.of(line.split(" ")).stream())
        .map(
            variable ->
                DIRECTORIES.entrySet().stream()
                    .reduce(
                        variable,
                        (value, directory) ->
                            value.replace(directory.getKey(), directory.getValue()),
                        (one, other) -> other))
        .toList();
  }

  /**
   * A command line that does what systemd would, as root.
   *
   * @param variables of its file of environment, {@code NAME=value}
   */
  List<String> command(List<String> variables) {
    var command = new ArrayList<>(List.of("setpriv"));
    command.add("--reuid=" + last("User"));
    command.add("--regid=" + last("Group"));
    command.addAll(List.of("--clear-groups", "--no-new-privs", "--bounding-set=-all"));
    command.addAll(List.of("env", "-i", "-C", last("WorkingDirectory")));
    command.add("PATH=/usr/local/bin:/usr/bin:/bin");
    command.addAll(environment());
    command.addAll(variables);
    command.addAll(List.of(last("ExecStart").split(" ")));
    return command;
  }
}
