package com.cpprediction.loadtest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.HdrHistogram.HistogramLogWriter;

/**
 * Latencies in the files of HdrHistogram's tools: {@code .hgrm}, a percentile distribution in
 * milliseconds, or {@code .hlog}, a log of the histograms of each second in microseconds.
 */
public final class HistogramFile {
  private static final double MICROS_PER_MILLI = 1e3;
  private static final int TICKS = 5;
  private static final long SECOND = 1_000;

  private HistogramFile() {}

  /** Whether a file of this name can be written. */
  public static boolean supports(Path file) {
    return file.toString().endsWith(".hgrm") || file.toString().endsWith(".hlog");
  }

  /**
   * Writes the latencies of all steps: a {@code .hlog} has them all, tagged with the step's name;
   * of {@code .hgrm} there is one file for each, named after the step where there are several.
   *
   * @param begun epoch time of the first step in milliseconds
   * @return the files
   * @throws LoadTestException when one can't be written
   */
  public static List<Path> write(Path file, List<Step> steps, long begun) {
    try {
      if (file.toString().endsWith(".hlog")) return List.of(log(file, steps, begun));
      var files = new ArrayList<Path>();
      for (var step : steps)
        files.add(distribution(steps.size() == 1 ? file : of(file, step), step));
      return files;
    } catch (IOException e) {
      throw new LoadTestException("Cannot write to %s: %s".formatted(file, e), e);
    }
  }

  private static Path of(Path file, Step step) {
    var name = file.getFileName().toString();
    var stem = name.substring(0, name.length() - ".hgrm".length());
    return file.resolveSibling(
        "%s-%s.hgrm".formatted(stem, step.name().replaceAll("/s$", "").replace(' ', '-')));
  }

  private static Path distribution(Path file, Step step) throws IOException {
    return write(
        file, out -> step.latency().outputPercentileDistribution(out, TICKS, MICROS_PER_MILLI));
  }

  private static Path log(Path file, List<Step> steps, long begun) throws IOException {
    return write(file, out -> log(out, steps, begun));
  }

  private static void log(PrintStream out, List<Step> steps, long begun) {
    var writer = new HistogramLogWriter(out);
    writer.outputLogFormatVersion();
    writer.outputStartTime(begun);
    writer.setBaseTime(begun);
    writer.outputBaseTime(begun);
    writer.outputLegend();
    long at = begun;
    for (var step : steps) {
      for (var second : step.series().seconds()) {
        var latency = second.latency();
        latency.setTag(step.name().replace(' ', '-'));
        double from = (at - begun) / 1e3;
        at += SECOND;
        writer.outputIntervalHistogram(from, (at - begun) / 1e3, latency, MICROS_PER_MILLI);
      }
    }
  }

  /** Writes a file as a whole: a {@link PrintStream} on it would hide a failure. */
  private static Path write(Path file, Consumer<PrintStream> content) throws IOException {
    var directory = file.toAbsolutePath().getParent();
    if (directory != null) Files.createDirectories(directory);
    var bytes = new ByteArrayOutputStream();
    try (var out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
      content.accept(out);
    }
    return Files.write(file, bytes.toByteArray());
  }
}
