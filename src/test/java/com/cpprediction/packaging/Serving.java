package com.cpprediction.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Http;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A service with the shipped models in a process that a package began. */
final class Serving implements AutoCloseable {
  private static final Pattern READY = Pattern.compile("Ready: http://[^ ]+:(\\d+), 399 models.*");
  private static final String ADDRESS = "HAL Old Airport Road, Vimanapura, Bengaluru 560 017";

  private final Process process;
  private final int port;

  private Serving(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Begins it and waits until it is ready. */
  static Serving start(ProcessBuilder builder) throws IOException {
    var process = builder.redirectErrorStream(true).start();
    var out = process.inputReader(StandardCharsets.UTF_8);
    var log = new StringBuilder();
    for (var line = out.readLine(); line != null; line = out.readLine()) {
      log.append(line).append('\n');
      var ready = READY.matcher(line);
      if (ready.matches()) return new Serving(process, Integer.parseInt(ready.group(1)));
    }
    throw new AssertionError("the service ended before it was ready: " + log);
  }

  Http http() {
    return new Http(port);
  }

  /** Predicts the address of README.md. */
  void assertPredicts() {
    var answer = http().post("/predict", Http.shipment("S1", ADDRESS));

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.json().getString("cp")).isEqualTo("CP14328");
  }

  /** Ends the JVM with SIGTERM, and returns what the process wrote since it was ready. */
  String terminate() throws IOException, InterruptedException {
    jvm().destroy();
    var log = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return log;
  }

  private ProcessHandle jvm() {
    return Stream.concat(Stream.of(process.toHandle()), process.descendants())
        .filter(handle -> handle.info().command().orElse("").endsWith("/java"))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() throws InterruptedException {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
    process.waitFor();
  }
}
