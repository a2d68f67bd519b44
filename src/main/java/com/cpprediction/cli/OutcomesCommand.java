package com.cpprediction.cli;

import picocli.CommandLine.Command;

/** {@code outcomes}: where shipments truly went, into a running service and out of its database. */
@Command(
    name = "outcomes",
    description = {
      "Reports to a running service where shipments truly went, and prints for each line of the file",
      "what its prediction was worth: right, alternative, wrong, or unknown where none is stored.",
      "A file may be reported again. Exit code 1 when a line could not be reported."
    },
    mixinStandardHelpOptions = true,
    subcommands = {OutcomesCommand.Import.class, OutcomesExport.class})
final class OutcomesCommand extends OutcomeImport {
  /** {@code outcomes import}: the same under a name of its own. */
  @Command(
      name = "import",
      description = {
        "Reports a file of any size to a running service, in batches of 1,000 lines, and waits where",
        "the service is overloaded. With --out it can be interrupted, and goes on with --resume: a",
        "line may be reported twice, since the last outcome of a shipment counts.",
        "Exit code 1 when a line could not be reported."
      },
      mixinStandardHelpOptions = true)
  static final class Import extends OutcomeImport {
    @Override
    public Integer call() {
      var before = spec().parent().commandLine().getParseResult().matchedOptions();
      UsageCheck.require(spec(), before.isEmpty(), "options go behind \"outcomes import\"");
      return super.call();
    }
  }
}
