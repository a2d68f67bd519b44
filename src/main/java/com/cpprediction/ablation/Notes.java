package com.cpprediction.ablation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Notes of a report: method, and doubts about figures. */
final class Notes {
  /** Legend of short tables. */
  static final String MARKS = "+ a gain, = no measurable gain, - a cost";

  private Notes() {}

  static List<String> of(Recording recording, ExpectedGains gains) {
    var plan = recording.plan();
    var notes = new ArrayList<String>();
    var unit = recording.design().unit();
    notes.add(ratios(recording));
    compared(recording.design(), notes);
    notes.add(
        ("Every %s: a service of its own (heap %s) on an empty database, %s s of warm-up"
                + " (every popular address once, then the mix), then an open loop at %s requests/s for %s s with latency from the intended send time, then"
                + " a closed loop of %s callers for as long, then batches of 100. %s %% of the requests"
                + " ask for one of %s addresses (Zipf), the others for one that is not repeated;"
                + " seed %s, the same requests in the same order for every %s.")
            .formatted(
                unit,
                plan.getValue("heap"),
                plan.getValue("warm_up_seconds"),
                Tables.number(recording.rate()),
                plan.getValue("phase_seconds"),
                plan.getValue("callers"),
                Tables.number(100 * plan.getDouble("repeated_share", 0.0)),
                plan.getValue("popular_addresses"),
                plan.getValue("seed"),
                unit));
    notes.add(
        "Load generator, service and one PostgreSQL for all share this machine. The page"
            + " cache is warm: nothing is dropped between runs, so disk reads are those a service"
            + " causes that has run before.");
    notes.add(
        "Of all intervals one in twenty is expected to miss: with this many, a lone gain or cost that"
            + " nothing else agrees with may be chance.");
    if (recording.design().isAblation()) {
      notes.add(
          gains.any()
              ? "Promised: by " + gains.source() + "."
              : "What was promised is not beside it: there is no figure at hand from "
                  + gains.source()
                  + ". --promised FILE adds the column.");
    }
    partial(recording, notes);
    return notes;
  }

  private static void compared(Design design, List<String> notes) {
    if (design.isAblation()) return;
    notes.add(
        design.changes().isEmpty()
            ? "The two configurations are the same, so that every gain or cost is chance."
            : "Changed: %s.".formatted(String.join(", ", design.changes())));
    notes.add("The same in both: " + String.join(", ", Variant.OWN) + ".");
  }

  /** Explains the cells of tables of ratios. */
  static String ratios(Recording recording) {
    var ratio =
        recording.design().isAblation()
            ? "with the optimisation over without it"
            : recording.design().title().replace(" against ", " over ");
    return ("×: %s, geometric mean over the interleaved rounds"
            + " (%s), and in brackets its 95 %% confidence interval (Student's t over the logarithms"
            + " of the rounds' ratios). An interval that holds 1 is no measurable gain.")
        .formatted(ratio, recording.plan().getValue("rounds"));
  }

  private static void partial(Recording recording, List<String> notes) {
    var fine = recording.runs().stream().filter(Run::valid).toList();
    if (fine.stream().anyMatch(run -> run.behind() > 0)) {
      notes.add(
          "%s: answers came faster than PostgreSQL took their rows, and %s s later some still waited in the journal; storing those is not in the figure. \"stored\" says what can be kept up."
              .formatted(Tables.AT_LEAST, recording.plan().getValue("drain_seconds")));
    }
    if (fine.stream().noneMatch(run -> run.figure(Metric.CPU).isPresent())) {
      notes.add("CPU, memory and reads are known on Linux only, from /proc.");
    } else if (fine.stream().noneMatch(run -> run.figure(Metric.DISK_READ).isPresent())) {
      notes.add("Reads are missing: /proc/<pid>/io can't be read by this user.");
    }
    gather("Figures to doubt", fine, Run::doubt, notes);
    gather("Requests without an answer", fine, Notes::errors, notes);
    if (recording.missing() > 0) {
      notes.add(
          "Ended before it was done: %d runs of %d are missing."
              .formatted(recording.missing(), recording.missing() + recording.runs().size()));
    }
    for (var run : recording.failed()) notes.add("Does not count: " + of(run, run.problem()));
  }

  private static String errors(Run run) {
    return run.errors().entrySet().stream()
        .map(error -> "%d × %s".formatted(error.getValue(), error.getKey()))
        .collect(Collectors.joining(", "));
  }

  /** One note for all runs with such a text. */
  private static void gather(
      String title, List<Run> runs, Function<Run, String> what, List<String> notes) {
    var said =
        runs.stream()
            .filter(run -> !what.apply(run).isEmpty())
            .map(run -> of(run, what.apply(run)))
            .toList();
    if (!said.isEmpty()) {
      notes.add(
          "%s, in %d of %d runs: %s."
              .formatted(title, said.size(), runs.size(), String.join("; ", said)));
    }
  }

  private static String of(Run run, String what) {
    return "round %d of \"%s\": %s".formatted(run.round(), run.variant().label(), what);
  }
}
