package com.cpprediction.cli;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code serve}: runs the service until it is told to end. */
@Command(
    name = "serve",
    description = "Runs the service until SIGTERM or Ctrl-C.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private Settings settings;

  @Override
  public Integer call() throws InterruptedException {
    var loaded = settings.load();
    var service = new Service(settings.home(), settings.loader(), loaded, settings.models(loaded));
    try {
      service.start().await();
    } catch (RuntimeException e) {
      service.stop();
      throw e;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(service::stop, "shutdown"));
    spec.commandLine()
        .getOut()
        .printf(
            "Ready: http://%s:%d, %d models%n",
            loaded.config().http().host(), service.port(), service.models());
    new CountDownLatch(1).await(); // the shutdown hook ends the process
    return 0;
  }
}
