package com.cpprediction.benchmarks;

import com.cpprediction.terminal.ProgressLine;
import com.cpprediction.training.TrainingInput;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * Measures reading the input of a training: time, processor time and memory for the rows of a file
 * that {@link PerturbedAddresses} wrote, partitioned by prefix.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -Xmx512m -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   com.cpprediction.benchmarks.InputBenchmark ROWS.csv.gz
 * </pre>
 */
public final class InputBenchmark {
  private InputBenchmark() {}

  /**
   * @param arguments file of labelled addresses
   */
  public static void main(String[] arguments) {
    int threads = Runtime.getRuntime().availableProcessors();
    var options = TrainingInput.Options.of(Path.of(arguments[0]));
    long begun = System.nanoTime();
    try (var progress = new ProgressLine();
        var input = TrainingInput.read(options, threads, progress)) {
      progress.close();
      double seconds = (System.nanoTime() - begun) / 1e9;
      long rows = input.report().rows();
      System.out.printf("%,d rows in %.1f s: %,.0f rows/s%n", rows, seconds, rows / seconds);
      System.out.printf(
          "%d duplicates, %d contradicting, %d bad%n",
          input.report().duplicates(), input.report().contradicting(), input.report().bad());
    }
    var beans =
        ManagementFactory.getPlatformMXBeans(com.sun.management.OperatingSystemMXBean.class);
    System.out.printf("processor: %.1f s%n", beans.get(0).getProcessCpuTime() / 1e9);
    long collecting =
        ManagementFactory.getGarbageCollectorMXBeans().stream()
            .mapToLong(GarbageCollectorMXBean::getCollectionTime)
            .sum();
    System.out.printf(
        "heap: %d MB at most, %.1f s collecting%n",
        Runtime.getRuntime().maxMemory() >> 20, collecting / 1e3);
  }
}
