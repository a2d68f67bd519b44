package com.cpprediction.cli;

import com.cpprediction.config.ConfigRules;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.server.Service;
import com.cpprediction.server.StartupRules;
import com.cpprediction.terminal.Plurals;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code serve}: runs the service until SIGTERM or Ctrl-C. */
@Command(
    name = "serve",
    description = "Runs the service until SIGTERM or Ctrl-C.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ServeCommand.class);

  /** Timeout of the stop. The promise is 15 s from the signal; the rest is for the JVM to end. */
  private static final Duration STOP_TIMEOUT = Duration.ofMillis(11_000);

  /** Additional time of a cluster node, to hand its prefixes over. */
  private static final Duration HANDOVER = Duration.ofMillis(2_500);

  /** Part of the stop timeout for a start in progress to end. */
  private static final Duration START_TIMEOUT = Duration.ofSeconds(6);

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions settings;

  @Option(
      names = "--cluster",
      description = "Join the nodes that cluster.members names; needs database.uri.")
  private boolean clustered;

  @Option(
      names = "--until-ready",
      description = "Stop as soon as it is ready; exit code 1 if it is not. Checks a set-up.")
  private boolean untilReady;

  @Override
  public Integer call() throws InterruptedException {
    var loader = settings.loader().checking(StartupRules.of(settings.home()));
    var loaded = loader.load();
    if (clustered) checkCluster(loaded.config());
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, failure) -> log.error("Thread {} ended", thread.getName(), failure));
    var service = new Service(settings.home(), loader, loaded, settings.models(loaded), clustered);
    var settled = new CountDownLatch(1);
    // Registered before the start, so that a failed start stops the started parts, too.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(service, settled), "shutdown"));
    try {
      service.start().await();
    } finally {
      settled.countDown();
    }
    spec.commandLine().getOut().println(state(service, loaded.config().http()));
    if (untilReady) return service.notReady().isEmpty() ? 0 : 1; // the shutdown hook stops it
    new CountDownLatch(1).await(); // the shutdown hook ends the process
    return 0;
  }

  private void checkCluster(ServiceConfig config) {
    if (config.database().embedded()) {
      throw new ParameterException(
          spec.commandLine(),
          "--cluster needs database.uri: with an embedded PostgreSQL each node would keep its own"
              + " truth. Set it to one server for all nodes");
    }
    ConfigRules.clusterError(config.cluster())
        .ifPresent(
            problem -> {
              throw new ParameterException(spec.commandLine(), problem);
            });
  }

  private static String state(Service service, HttpConfig http) {
    var scheme = http.tls().enabled() ? "https" : "http";
    var host = http.host().contains(":") ? "[" + http.host() + "]" : http.host();
    var models = Plurals.count(service.models(), "model");
    var grpc = service.grpcPort() == 0 ? "" : ", gRPC on port " + service.grpcPort();
    var where = "%s://%s:%d, %s%s".formatted(scheme, host, service.port(), models, grpc);
    var missing = service.notReady();
    var impaired = service.degraded();
    return (missing.isEmpty()
            ? "Ready: " + where
            : "Listening: " + where + "; not ready: " + String.join(", ", missing))
        + (impaired.isEmpty() ? "" : "; degraded: " + String.join("; ", impaired));
  }

  private void stop(Service service, CountDownLatch settled) {
    long begin = System.nanoTime();
    try {
      if (!settled.await(START_TIMEOUT.toSeconds(), TimeUnit.SECONDS))
        log.error("Ended while starting");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var time = clustered ? STOP_TIMEOUT.plus(HANDOVER) : STOP_TIMEOUT;
    service.stop(time.minusNanos(System.nanoTime() - begin));
  }
}
