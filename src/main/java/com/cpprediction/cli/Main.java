package com.cpprediction.cli;

import com.cpprediction.server.Version;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line: exit code 0 for success, 1 for failure, 2 for wrong usage. */
@Command(
    name = "cp-prediction-service",
    description = "Names the delivery branch (CP) of a shipment from its Indian address.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND")
public final class Main {
  static {
    // Set before DJL loads; it would send a request to the metadata address of the cloud.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    // Repeated handshakes cost the client little and the server a core.
    System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
    Locale.setDefault(Locale.ROOT); // the same number format on every machine, for scripts
  }

  private static final int FAILED = CommandLine.ExitCode.SOFTWARE;

  private static final List<String> COMMANDS =
      List.of(
          "serve",
          "predict",
          "train",
          "evaluate",
          "models",
          "replay",
          "config",
          "db",
          "journal",
          "load-test",
          "ablation",
          "status",
          "reload",
          "shadow",
          "bulk",
          "outcomes");

  /** Commands about the others. */
  private static final Map<String, Class<?>> HELP =
      Map.of(
          "help", CommandLine.HelpCommand.class,
          "generate-completion", AutoComplete.GenerateCompletion.class,
          "man", ManCommand.class);

  private Main() {}

  public static void main(String[] arguments) {
    var out = StandardStream.out(Locales.charset("stdout.encoding"));
    var err = StandardStream.err(Locales.charset("stderr.encoding"));
    int code = CommandLine.ExitCode.SOFTWARE;
    try {
      code = run(out.writer(), err.writer(), Locales.typed(arguments));
    } catch (Locales.UnreadableArgumentException e) {
      err.writer().println(e.getMessage());
      code = CommandLine.ExitCode.USAGE;
    } catch (Throwable e) { // an Error would end this thread, not the process
      err.writer().println(ErrorReport.describe(e));
    }
    System.exit(written(out, err) || code != CommandLine.ExitCode.OK ? code : FAILED);
  }

  /** Whether all that a command printed was written; standard error says why if not. */
  private static boolean written(StandardStream out, StandardStream err) {
    var failure = out.finish();
    if (failure != null) {
      err.writer().println("Cannot write to standard output: " + failure.getMessage());
    }
    return err.finish() == null && failure == null;
  }

  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    var line = new CommandLine(new Main());
    // picocli reads the options of each command by reflection: a named command needs no other.
    boolean named = arguments.length > 0 && COMMANDS.contains(arguments[0]);
    (named ? List.of(arguments[0]) : COMMANDS).forEach(name -> line.addSubcommand(command(name)));
    if (!named) HELP.values().forEach(line::addSubcommand);
    line.setOut(out).setErr(err);
    line.registerConverter(Path.class, new Locales.PathConverter());
    line.setParameterExceptionHandler((e, args) -> wrongUsage(err, e));
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          err.println(ErrorReport.describe(failure));
          return CommandLine.ExitCode.SOFTWARE;
        });
    if (arguments.length == 0) {
      line.usage(out);
      return CommandLine.ExitCode.USAGE;
    }
    return line.execute(arguments);
  }

  /** Prints one line; a usage of a screen would hide it. */
  private static int wrongUsage(PrintWriter err, CommandLine.ParameterException e) {
    var command = e.getCommandLine();
    var message = new StringBuilder(String.valueOf(e.getMessage()).replaceFirst("[.]$", ""));
    if (e instanceof CommandLine.UnmatchedArgumentException unknown) {
      var similar = unknown.getSuggestions();
      if (!similar.isEmpty()) message.append("; similar: ").append(String.join(", ", similar));
    }
    err.printf("%s. See %s --help%n", message, command.getCommandSpec().qualifiedName());
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  private static Class<?> command(String name) {
    return switch (name) {
      case "serve" -> ServeCommand.class;
      case "predict" -> PredictCommand.class;
      case "train" -> TrainCommand.class;
      case "evaluate" -> EvaluateCommand.class;
      case "models" -> ModelsCommand.class;
      case "replay" -> ReplayCommand.class;
      case "config" -> ConfigCommand.class;
      case "db" -> DbCommand.class;
      case "journal" -> JournalCommand.class;
      case "load-test" -> LoadTestCommand.class;
      case "ablation" -> AblationCommand.class;
      case "status" -> StatusCommand.class;
      case "reload" -> ReloadCommand.class;
      case "shadow" -> ShadowCommand.class;
      case "bulk" -> BulkCommand.class;
      case "outcomes" -> OutcomesCommand.class;
      default -> throw new IllegalArgumentException(name);
    };
  }
}
