package com.cpprediction.ablation;

import com.cpprediction.persistence.DatabaseStartException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Measures every state in every round, in turns. */
final class Ablation {
  private final Plan plan;
  private final Workload workload;
  private final TestEnvironment environment;
  private final ComparisonListener listener;
  private final AnswerCheck check;

  Ablation(Plan plan, Workload workload, TestEnvironment environment, ComparisonListener listener) {
    this.plan = plan;
    this.workload = workload;
    this.environment = environment;
    this.listener = listener;
    check = new AnswerCheck(workload.popular());
  }

  /**
   * Measures what the unoptimised service can do, which counts nowhere: whoever is measured next
   * finds a machine that has done it all before.
   *
   * @return the rate of the open loop that every state is asked at: the plan's, or a part of that
   * @throws AblationException when the unoptimised service can't be measured
   */
  double rate() throws InterruptedException {
    listener.started("measuring what the unoptimised service can do; this does not count");
    double capacity =
        environment.with(
            State.UNOPTIMISED,
            (service, database, postgres) -> {
              try (var measurement = new Measurement(plan, workload, service, database, postgres)) {
                return measurement.capacity();
              }
            });
    return plan.rate() > 0 ? plan.rate() : Math.max(1, Math.rint(capacity * Plan.RATE_SHARE));
  }

  /**
   * A run that fails is one with a problem; the others go on, until the environment is closed.
   *
   * @param soFar hears of all runs after each round
   */
  List<Run> run(double rate, Consumer<List<Run>> soFar) throws InterruptedException {
    var runs = new ArrayList<Run>();
    long begin = System.nanoTime();
    for (int round = 1; round <= plan.rounds(); round++) {
      for (var state : plan.order(round)) {
        listener.started("round %d of %d: %s".formatted(round, plan.rounds(), state.label()));
        var run = run(state, round, rate);
        if (environment.ended()) return runs;
        runs.add(run);
        int left = plan.runs() - runs.size();
        double perRun = (System.nanoTime() - begin) / 1e9 / runs.size();
        listener.measured(runs.size(), plan.runs(), line(run), Math.round(left * perRun));
      }
      soFar.accept(runs);
    }
    return runs;
  }

  private Run run(State state, int round, double rate) throws InterruptedException {
    try {
      return environment.with(
          state,
          (service, database, postgres) -> {
            try (var measurement = new Measurement(plan, workload, service, database, postgres)) {
              return measurement.measure(state, round, rate, check);
            }
          });
    } catch (AblationException | DatabaseStartException e) {
      return Run.failed(state, round, e.getMessage());
    } catch (RuntimeException e) { // of whatever kind: a run is not worth all the others
      return Run.failed(state, round, e.toString());
    }
  }

  private static String line(Run run) {
    if (!run.fine()) return run.state().label() + ": " + run.problem();
    return String.format(
        Locale.ROOT,
        "%s: %s answers/s, p50 %s ms, p99 %s ms%s",
        run.state().label(),
        Tables.number(run.figure(Metric.THROUGHPUT)),
        Tables.number(run.figure(Metric.P50)),
        Tables.number(run.figure(Metric.P99)),
        run.doubt().isEmpty() ? "" : "; " + run.doubt());
  }
}
