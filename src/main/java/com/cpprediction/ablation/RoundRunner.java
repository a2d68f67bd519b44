package com.cpprediction.ablation;

import com.cpprediction.postgres.DatabaseStartException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Measures the variants in interleaved rounds. */
final class RoundRunner {
  private final Plan plan;
  private final Workload workload;
  private final TestEnvironment environment;
  private final ComparisonListener listener;
  private final AnswerCheck check;

  RoundRunner(
      Plan plan, Workload workload, TestEnvironment environment, ComparisonListener listener) {
    this.plan = plan;
    this.workload = workload;
    this.environment = environment;
    this.listener = listener;
    check = new AnswerCheck(workload.popular());
  }

  /**
   * Measures the capacity of the first variant. Runs in any case: it also warms up the machine for
   * the first measurement that counts.
   *
   * @return rate of the open loop: the plan's, or a share of the capacity
   * @throws AblationException when the variant can't be measured
   */
  double rate() throws InterruptedException {
    var first = plan.design().variants().get(0);
    listener.started(
        "measuring the capacity of \"%s\"; this does not count".formatted(first.label()));
    double capacity =
        environment.with(
            first,
            (service, database, postgres) -> {
              try (var measurement = new Measurement(plan, workload, service, database, postgres)) {
                return measurement.capacity();
              }
            });
    return plan.rate() > 0 ? plan.rate() : Math.max(1, Math.rint(capacity * Plan.RATE_SHARE));
  }

  /**
   * Measures all rounds, or until the environment is closed. A failed run is recorded as invalid.
   *
   * @param soFar receives all runs after each round
   */
  List<Run> run(double rate, Consumer<List<Run>> soFar) throws InterruptedException {
    var runs = new ArrayList<Run>();
    long begin = System.nanoTime();
    for (int round = 1; round <= plan.rounds(); round++) {
      for (var variant : plan.order(round)) {
        listener.started("round %d of %d: %s".formatted(round, plan.rounds(), variant.label()));
        var run = run(variant, round, rate);
        if (environment.isClosed()) return runs;
        runs.add(run);
        int left = plan.runs() - runs.size();
        double perRun = (System.nanoTime() - begin) / 1e9 / runs.size();
        listener.measured(runs.size(), plan.runs(), line(run), Math.round(left * perRun));
      }
      soFar.accept(runs);
    }
    return runs;
  }

  private Run run(Variant variant, int round, double rate) throws InterruptedException {
    try {
      return environment.with(
          variant,
          (service, database, postgres) -> {
            try (var measurement = new Measurement(plan, workload, service, database, postgres)) {
              return measurement.measure(variant, round, rate, check);
            }
          });
    } catch (AblationException | DatabaseStartException e) {
      return Run.failed(variant, round, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) { // unexpected; the other runs are still of use
      return Run.failed(variant, round, e.toString());
    }
  }

  private static String line(Run run) {
    if (!run.valid()) return run.variant().label() + ": " + run.problem();
    return String.format(
        Locale.ROOT,
        "%s: %s answers/s, p50 %s ms, p99 %s ms%s",
        run.variant().label(),
        Tables.number(run.figure(Metric.THROUGHPUT)),
        Tables.number(run.figure(Metric.P50)),
        Tables.number(run.figure(Metric.P99)),
        run.doubt().isEmpty() ? "" : "; " + run.doubt());
  }
}
