package com.cpprediction.ablation;

import com.cpprediction.loadtest.Environment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Compares all states of a plan on this machine. Takes minutes, blocks, and asks nobody else.
 * Closing it, from any thread and in the middle of it, leaves neither process nor file behind.
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
   * Prepares; nothing runs yet.
   *
   * @param command what begins a command line of the service, such as {@code java -jar x.jar}
   * @param models the release to serve
   * @param promised a file of expected gains; null for those of the Python service
   * @throws AblationException when it can't be measured
   */
  public static Comparison of(
      Plan plan, List<String> command, Path models, Path promised, ComparisonListener listener) {
    var gains = Report.expectedGains(promised);
    var workload = Workload.of(models, plan.popular(), plan.repeated(), plan.seed());
    return new Comparison(plan, gains, listener, workload, new TestEnvironment(command, models));
  }

  /**
   * Starts PostgreSQL and measures every state in every round; once it is closed, no more.
   *
   * @param version of the service
   * @param arguments of the command line, for the report
   * @param soFar hears what was found after each round
   * @throws AblationException when the unoptimised service can't even be started, or it was closed
   *     before the first run was over
   */
  public Report run(String version, String arguments, Consumer<Report> soFar)
      throws InterruptedException {
    var environment = Environment.now().put("service", version).put("command", arguments);
    listener.started("starting PostgreSQL");
    testEnvironment.start();
    var ablation = new Ablation(plan, workload, testEnvironment, listener);
    double rate = ablation.rate();
    Function<List<Run>, Report> report =
        runs -> new Report(new Recording(environment, plan.toJson(), rate, runs), gains);
    var runs = ablation.run(rate, measured -> soFar.accept(report.apply(measured)));
    if (runs.isEmpty()) throw new AblationException("Ended before anything was measured");
    return report.apply(runs);
  }

  @Override
  public void close() {
    testEnvironment.close();
  }
}
