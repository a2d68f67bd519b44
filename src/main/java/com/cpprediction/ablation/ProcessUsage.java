package com.cpprediction.ablation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Resource usage of processes since their start, from Linux' {@code /proc}: proc_pid_stat(5),
 * proc_pid_status(5), proc_pid_smaps(5) and proc_pid_io(5). Values are empty on other systems and
 * for other users' processes.
 *
 * @param cpuMillis CPU time, user and kernel mode, including terminated children
 * @param residentKib resident memory
 * @param proportionalKib resident memory, each page divided by the number of sharing processes
 * @param peakKib peak resident memory
 * @param diskBytes read from disk
 * @param callBytes read through system calls, from files and sockets; excludes memory mappings
 */
record ProcessUsage(
    OptionalLong cpuMillis,
    OptionalLong residentKib,
    OptionalLong proportionalKib,
    OptionalLong peakKib,
    OptionalLong diskBytes,
    OptionalLong callBytes) {
  /** Unit of utime: USER_HZ is 100 on every architecture that Java 17 runs on. */
  private static final long TICK_MILLIS = 10;

  /** Index of utime in stat, after the command's parenthesis; stime, cutime, cstime follow. */
  private static final int FIRST_TIME = 11;

  private static final int TIMES = 4;

  private static final ProcessUsage NOTHING =
      new ProcessUsage(
          OptionalLong.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          OptionalLong.empty());

  /** Usage of one process. */
  static ProcessUsage of(ProcessHandle process) {
    return in(Path.of("/proc", Long.toString(process.pid())));
  }

  /**
   * Usage of a process and its children. CPU time of terminated children is in their parent's;
   * memory is the sum.
   */
  static ProcessUsage ofFamily(ProcessHandle parent) {
    return Stream.concat(
            parent.children(),
            Stream.of(parent)) // the parent last, after children that terminate meanwhile
        .map(ProcessUsage::of)
        .filter(usage -> usage.cpuMillis().isPresent()) // terminated meanwhile
        .reduce(ProcessUsage::plus)
        .orElse(NOTHING);
  }

  /**
   * Usage of the process of a {@code /proc} directory.
   *
   * @param directory such as {@code /proc/17}
   */
  static ProcessUsage in(Path directory) {
    var stat = text(directory.resolve("stat"));
    var status = numbers(text(directory.resolve("status")));
    var rollup = numbers(text(directory.resolve("smaps_rollup")));
    var io = numbers(text(directory.resolve("io")));
    return new ProcessUsage(
        cpuMillis(stat),
        number(status, "VmRSS"),
        number(rollup, "Pss"),
        number(status, "VmHWM"),
        number(io, "read_bytes"),
        number(io, "rchar"));
  }

  private static OptionalLong cpuMillis(String stat) {
    int command = stat.lastIndexOf(')'); // the command may contain blanks and parentheses
    if (command < 0) return OptionalLong.empty();
    var fields = stat.substring(command + 2).split(" ");
    long ticks = 0;
    for (int i = 0; i < TIMES; i++) ticks += Long.parseLong(fields[FIRST_TIME + i]);
    return OptionalLong.of(ticks * TICK_MILLIS);
  }

  /** Parses lines of the form {@code name: number} or {@code name: number kB}. */
  private static Map<String, Long> numbers(String text) {
    var numbers = new TreeMap<String, Long>();
    for (var line : text.split("\n")) {
      int colon = line.indexOf(':');
      var words = line.substring(colon + 1).strip().split("\\s+");
      if (colon > 0 && words[0].matches("\\d{1,18}")) {
        numbers.put(line.substring(0, colon), Long.valueOf(words[0]));
      }
    }
    return numbers;
  }

  private static OptionalLong number(Map<String, Long> numbers, String name) {
    var number = numbers.get(name);
    return number == null ? OptionalLong.empty() : OptionalLong.of(number);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) { // no such process, not Linux, or no permission
      return "";
    }
  }

  private ProcessUsage plus(ProcessUsage other) {
    return new ProcessUsage(
        sum(cpuMillis, other.cpuMillis),
        sum(residentKib, other.residentKib),
        sum(proportionalKib, other.proportionalKib),
        sum(peakKib, other.peakKib),
        sum(diskBytes, other.diskBytes),
        sum(callBytes, other.callBytes));
  }

  /** Sum of two values; empty when one is. */
  static OptionalLong sum(OptionalLong a, OptionalLong b) {
    return a.isPresent() && b.isPresent()
        ? OptionalLong.of(a.getAsLong() + b.getAsLong())
        : OptionalLong.empty();
  }
}
