package com.cpprediction.cli;

import com.cpprediction.server.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code man}: writes manual pages, in the macros of man(7), of all commands. */
@Command(
    name = "man",
    description = "Writes manual pages of all commands, for man.",
    mixinStandardHelpOptions = true)
final class ManCommand implements Callable<Integer> {
  private static final Pattern SPECIAL = Pattern.compile("[\\\\-]");

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "Directory of the pages, such as man/man1.")
  private Path directory;

  @Override
  public Integer call() {
    var pages = new ArrayList<CommandSpec>();
    collect(spec.root(), pages);
    try {
      Files.createDirectories(directory);
      for (var page : pages) Files.writeString(directory.resolve(title(page) + ".1"), text(page));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write to %s (%s)".formatted(directory, e), e);
    }
    spec.commandLine().getOut().printf("%d pages written to %s%n", pages.size(), directory);
    return 0;
  }

  private static void collect(CommandSpec command, List<CommandSpec> pages) {
    if (command.usageMessage().hidden()) return;
    pages.add(command);
    command.subcommands().values().stream()
        .distinct()
        .forEach(sub -> collect(sub.getCommandSpec(), pages));
  }

  /** Such as {@code cp-prediction-service-db-migrate}. */
  private static String title(CommandSpec command) {
    return command.qualifiedName("-");
  }

  static String text(CommandSpec command) {
    var help = new Help(command, Help.defaultColorScheme(Ansi.OFF));
    var page = new StringBuilder();
    line(
        page,
        ".TH \"%s\" 1 \"\" \"%s\"",
        title(command).toUpperCase(Locale.ROOT),
        Version.current());
    line(page, ".nh\n.ad l"); // options and names are not hyphenated
    line(page, ".SH NAME");
    var description = String.join(" ", command.usageMessage().description());
    var sentence = description.split("(?<=\\.) ")[0];
    line(page, "%s \\- %s", escaped(title(command)), escaped(sentence));
    line(page, ".SH SYNOPSIS");
    line(page, "%s", escaped(help.synopsis(0).strip().replaceAll("\\s+", " ")));
    line(page, ".SH DESCRIPTION");
    line(page, "%s", escaped(description));
    if (!command.positionalParameters().isEmpty()) line(page, ".SH ARGUMENTS");
    for (var parameter : command.positionalParameters()) describe(page, parameter);
    var options = command.options().stream().filter(option -> !option.hidden()).toList();
    if (!options.isEmpty()) line(page, ".SH OPTIONS");
    for (var option : options) describe(page, option);
    if (!command.subcommands().isEmpty()) line(page, ".SH COMMANDS");
    command.subcommands().values().stream()
        .map(sub -> sub.getCommandSpec())
        .filter(sub -> !sub.usageMessage().hidden())
        .distinct()
        .forEach(
            sub -> {
              line(page, ".TP");
              line(page, ".BR %s (1)", escaped(title(sub)));
              line(page, "%s", escaped(String.join(" ", sub.usageMessage().description())));
            });
    line(page, ".SH EXIT STATUS");
    line(page, "0 for success, 1 for failure, 2 for wrong usage.");
    return page.toString();
  }

  private static void describe(StringBuilder page, PositionalParamSpec parameter) {
    line(page, ".TP");
    line(page, ".I %s", escaped(parameter.paramLabel()));
    line(page, "%s", escaped(text(parameter.renderedDescription())));
  }

  private static void describe(StringBuilder page, OptionSpec option) {
    line(page, ".TP");
    var names = escaped(String.join(", ", option.names()));
    boolean value = option.arity().max() > 0;
    line(page, value ? ".B %s \\fI%s\\fR" : ".B %s", names, escaped(option.paramLabel()));
    line(page, "%s", escaped(text(option.renderedDescription())));
  }

  private static String text(String... description) {
    return String.join(" ", description).replace("%n", " ").replace("%%", "%");
  }

  private static void line(StringBuilder page, String format, Object... values) {
    page.append(format.formatted(values)).append('\n');
  }

  /** Text without characters that roff would interpret. */
  private static String escaped(String text) {
    var escaped =
        SPECIAL.matcher(text).replaceAll(found -> found.group().equals("-") ? "\\\\-" : "\\\\e");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
