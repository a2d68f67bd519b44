package com.cpprediction.ablation;

import com.cpprediction.loadtest.Environment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Compares the variants of a plan on this machine, which takes minutes. Closing it ends all
 * processes and deletes their files; {@link #close} may be called on any thread, at any time.
 */
public final class Comparison implements AutoCloseable {
  private final Plan plan;
  private final ExpectedGains gains;
  private final ComparisonListener listener;
  private final Workload workload;
  private final TestEnvironment testEnvironment;

  private Comparison(
      Plan plan,
      ExpectedGains gains,
      ComparisonListener listener,
      Workload workload,
      TestEnvironment testEnvironment) {
    this.plan = plan;
    this.gains = gains;
    this.listener = listener;
    this.workload = workload;
    this.testEnvironment = testEnvironment;
  }

  /**
   * Prepares a comparison without starting anything.
   *
   * @param command start of the service's command line, such as {@code java -jar x.jar}
   * @param models release to serve, unless a variant names another, and source of the workload
   * @param promised file of expected gains; null for those of the Python service
   * @throws AblationException when {@code models} or {@code promised} can't be used
   */
  public static Comparison of(
      Plan plan,
      List<String> command,
      Path models,
      @Nullable Path promised,
      ComparisonListener listener) {
    var gains = Report.expectedGains(promised);
    var workload = Workload.of(models, plan.popular(), plan.repeated(), plan.seed());
    return new Comparison(plan, gains, listener, workload, new TestEnvironment(command, models));
  }

  /**
   * Starts PostgreSQL and measures every variant in every round, or until closed. Blocks.
   *
   * @param version of the service
   * @param arguments of the command line, for the report
   * @param soFar receives the report after each round
   * @throws AblationException when the first variant can't be started, or the comparison was closed
   *     before the first run ended
   */
  public Report run(String version, String arguments, Consumer<Report> soFar)
      throws InterruptedException {
    var environment = Environment.now().put("service", version).put("command", arguments);
    listener.started("starting PostgreSQL");
    testEnvironment.start();
    var rounds = new RoundRunner(plan, workload, testEnvironment, listener);
    double rate = rounds.rate();
    Function<List<Run>, Report> report =
        runs ->
            new Report(new Recording(environment, plan.design(), plan.toJson(), rate, runs), gains);
    var runs = rounds.run(rate, measured -> soFar.accept(report.apply(measured)));
    if (runs.isEmpty()) throw new AblationException("Ended before anything was measured");
    return report.apply(runs);
  }

  @Override
  public void close() {
    testEnvironment.close();
  }
}
