package com.cpprediction.chaos;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * What a client sent and what came of it, in a file that only grows: a request's line is there
 * before the request leaves, its outcome's line follows. May be written by several threads.
 */
final class Ledger implements AutoCloseable {
  /** An answer, as far as its row must repeat it. */
  record Answer(String cp, double confidence, String model) {}

  /**
   * @param status HTTP's, 0 where there was none
   * @param answer null unless the outcome is {@link RequestOutcome#OK}, and where it can't be told
   *     which
   */
  record Entry(String shipment, RequestOutcome outcome, int status, Answer answer) {}

  private static final String SENT = "sent";

  private final Path file;
  private final OutputStream out;

  Ledger(Path file) throws IOException {
    this.file = file;
    out =
        Files.newOutputStream(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  /** Before the request is sent. */
  void sending(UUID id, String shipment) throws IOException {
    line(SENT + " " + id + " " + shipment);
  }

  void answered(UUID id, Answer answer) throws IOException {
    line(
        "%s %s 200 %s %s %s"
            .formatted(RequestOutcome.OK, id, answer.cp(), answer.confidence(), answer.model()));
  }

  /** Answered, after an attempt that may have been kept with another answer. */
  void answeredSomehow(UUID id) throws IOException {
    line(RequestOutcome.OK + " " + id + " 200");
  }

  void settled(UUID id, RequestOutcome outcome, int status) throws IOException {
    line(outcome + " " + id + " " + status);
  }

  private synchronized void line(String text) throws IOException {
    out.write((text + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  /** Reads the file back; a request without an outcome is {@link RequestOutcome#UNKNOWN}. */
  Map<UUID, Entry> read() throws IOException {
    var entries = new HashMap<UUID, Entry>();
    try (var lines = Files.lines(file)) {
      lines.map(line -> line.split(" ")).forEach(words -> add(entries, words));
    }
    return entries;
  }

  private static void add(Map<UUID, Entry> entries, String[] words) {
    var id = UUID.fromString(words[1]);
    if (words[0].equals(SENT)) {
      var before = entries.put(id, new Entry(words[2], RequestOutcome.UNKNOWN, 0, null));
      if (before != null) throw new IllegalStateException("sent twice: " + id);
      return;
    }
    var outcome = RequestOutcome.valueOf(words[0]);
    var answer =
        words.length > 3 ? new Answer(words[3], Double.parseDouble(words[4]), words[5]) : null;
    var shipment = entries.get(id).shipment();
    entries.put(id, new Entry(shipment, outcome, Integer.parseInt(words[2]), answer));
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
