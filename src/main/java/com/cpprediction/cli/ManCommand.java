package com.cpprediction.cli;

import com.cpprediction.server.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
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
  private static final Pattern SENTENCES = Pattern.compile("(?<=[.:]) +(?=[A-Z])");
  private static final int WIDTH = 80;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "Directory of the pages, such as man/man1.")
  private Path directory;

  @Override
  public Integer call() {
    var pages = new ArrayList<CommandSpec>();
    collect(spec.root(), pages);
    try {
      Files.createDirectories(directory);
      var date = date();
      for (var page : pages) {
        Files.writeString(directory.resolve(title(page) + ".1"), page(page, date));
      }
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

  /**
   * The page of {@code command}.
   *
   * @param date of the build; empty for none
   */
  private static String page(CommandSpec command, String date) {
    var help = new Help(command, Help.defaultColorScheme(Ansi.OFF));
    var page = new StringBuilder();
    line(
        page,
        ".TH \"%s\" 1 \"%s\" \"%s\"",
        title(command).toUpperCase(Locale.ROOT),
        date,
        Version.current());
    line(page, ".nh\n.ad l"); // options and names are not hyphenated
    line(page, ".SH NAME");
    var description = text(command.usageMessage().description());
    text(page, title(command) + " - " + SENTENCES.split(description)[0]);
    line(page, ".SH SYNOPSIS");
    text(page, help.synopsis(0));
    line(page, ".SH DESCRIPTION");
    text(page, description);
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
              text(page, text(sub.usageMessage().description()));
            });
    line(page, ".SH EXIT STATUS");
    line(page, "0 for success, 1 for failure, 2 for wrong usage.");
    if (command.parent() != null) {
      line(page, ".SH SEE ALSO");
      line(page, ".BR %s (1)", escaped(title(command.parent())));
    }
    return page.toString();
  }

  /** The day of the build, the same for each build of a version; empty outside the jar. */
  private static String date() throws IOException {
    var own = Objects.requireNonNull(ManCommand.class.getResource("ManCommand.class"));
    return own.openConnection() instanceof JarURLConnection inJar
        ? inJar.getJarEntry().getTimeLocal().toLocalDate().toString()
        : "";
  }

  private static void describe(StringBuilder page, PositionalParamSpec parameter) {
    line(page, ".TP");
    line(page, ".I %s", escaped(parameter.paramLabel()));
    text(page, text(parameter.renderedDescription()));
  }

  private static void describe(StringBuilder page, OptionSpec option) {
    line(page, ".TP");
    var names = escaped(String.join(", ", option.names()));
    boolean value = option.arity().max() > 0;
    line(page, value ? ".B %s \\fI%s\\fR" : ".B %s", names, escaped(option.paramLabel()));
    text(page, text(option.renderedDescription()));
  }

  private static String text(String... description) {
    return String.join(" ", description).replace("%n", " ").replace("%%", "%").strip();
  }

  /**
   * Appends text that roff fills; a sentence begins a line, since roff sets a space apart there.
   */
  private static void text(StringBuilder page, String text) {
    for (var sentence : SENTENCES.split(text.strip())) {
      var line = new StringBuilder();
      for (var word : escaped(sentence).split("\\s+")) {
        if (!line.isEmpty() && line.length() + word.length() >= WIDTH) {
          line(page, "%s", line);
          line.setLength(0);
        }
        if (!line.isEmpty()) line.append(' ');
        else if (word.startsWith(".")) line.append("\\&"); // else a macro
        line.append(word);
      }
      line(page, "%s", line);
    }
  }

  private static void line(StringBuilder page, String format, Object... values) {
    page.append(format.formatted(values)).append('\n');
  }

  /** Text without characters that roff would interpret or print as others, in ASCII. */
  private static String escaped(String text) {
    var escaped = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\\' -> escaped.append("\\e");
                case '-' -> escaped.append("\\-");
                case '"' -> escaped.append("\\(dq");
                case '\'' -> escaped.append("\\(aq");
                case '`' -> escaped.append("\\(ga");
                case '^' -> escaped.append("\\(ha");
                case '~' -> escaped.append("\\(ti");
                default -> {
                  if (c < 128) escaped.append((char) c);
                  else escaped.append("\\[u%04X]".formatted(c));
                }
              }
            });
    return escaped.toString();
  }
}
