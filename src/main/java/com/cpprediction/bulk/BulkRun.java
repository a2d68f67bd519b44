package com.cpprediction.bulk;

import com.cpprediction.csv.InputException;
import com.cpprediction.terminal.Progress;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Predicts a file of shipments with running services: a line of results for each line, in order.
 * Every prediction is stored once, and has one result, whatever is killed meanwhile: the same run
 * started again goes on behind the results on the disk, and sends each line with the id it had
 * before. Holds a few batches in memory. Used once, by one thread.
 */
public final class BulkRun {
  /** Ids of a run are valid for a day; an hour is left for what is under way. */
  private static final Duration LONGEST = Duration.ofHours(23);

  private static final String BEGAN = "began";
  private static final String PREDICTED = "predicted";
  private static final String PROBLEMS = "problems";
  private static final String MALFORMED = "malformed-request";
  private static final int BATCH_CHARACTERS = 512 * 1024;
  private static final int KIB = 10; // bits

  /**
   * What to do.
   *
   * @param in CSV or {@code .ndjson}, plain or gzip; a regular file
   * @param out not compressed
   * @param separator between values of CSV; absent where the file tells
   * @param tls null for the JVM's own
   * @param batch shipments of a call, 1 to 1,000
   * @param parallel calls at the same time, at least 1
   * @param patience longest time that a batch is refused
   * @param force whether to replace {@code out} and begin anew
   */
  public record Options(
      Path in,
      Path out,
      @Nullable Character separator,
      List<URI> services,
      @Nullable String token,
      @Nullable SSLContext tls,
      int batch,
      int parallel,
      Duration patience,
      boolean force) {}

  /**
   * A complete run, with what earlier starts of it did.
   *
   * @param problems number of lines without a prediction, by code
   * @param notes faults of the file that left its lines usable
   */
  public record Summary(long predicted, SortedMap<String, Long> problems, List<String> notes) {
    /** Lines with a result. */
    public long lines() {
      return predicted + problems.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** Lines that are sent together, and their results. */
  private record Batch(List<BulkLine> lines, Future<List<JsonObject>> results) {}

  private final Options options;
  private final BulkInput input;
  private final ResumableOutput output;
  private final BulkIds ids;
  private Instant began;
  private final BatchSender sender;
  private final ExecutorService senders;
  private final Progress progress;
  private final KibProgress read;
  private final Deque<Batch> sent = new ArrayDeque<>();
  private final SortedMap<String, Long> problems = new TreeMap<>();
  private List<BulkLine> lines = new ArrayList<>();
  private int characters;
  private long predicted;

  /** Bytes read, by the thread of the run. */
  private static final class KibProgress {
    private long bytes;
    private int shown;

    void add(long read) {
      bytes += read;
    }

    int step() {
      int done = (int) (bytes >> KIB);
      int step = done - shown;
      shown = done;
      return step;
    }
  }

  private BulkRun(
      Options options,
      BulkInput input,
      ResumableOutput output,
      ExecutorService senders,
      Progress progress,
      KibProgress read) {
    this.options = options;
    this.input = input;
    this.output = output;
    this.senders = senders;
    this.progress = progress;
    this.read = read;
    var state = output.state();
    var before = state.getString(BEGAN);
    began = before == null ? Instant.now() : Instant.parse(before);
    ids = new BulkIds(output.digest(), began);
    predicted = state.getLong(PREDICTED, 0L);
    for (var problem : state.getJsonObject(PROBLEMS, new JsonObject())) {
      problems.put(problem.getKey(), ((Number) problem.getValue()).longValue());
    }
    sender =
        new BatchSender(options.services(), options.token(), options.tls(), options.patience());
  }

  /**
   * Runs to the end of the file. Blocks.
   *
   * @throws InputException when a file can't be used
   * @throws BulkException when the services refuse; the same run may go on later
   */
  public static Summary run(Options options, Progress progress) {
    checkFiles(options);
    var read = new KibProgress();
    var senders = Executors.newFixedThreadPool(options.parallel());
    try (var input = BulkInput.open(options.in(), options.separator(), read::add);
        var output = ResumableOutput.open(options.out(), options.in(), !options.force())) {
      return new BulkRun(options, input, output, senders, progress, read).run();
    } finally {
      senders.shutdownNow();
    }
  }

  private static void checkFiles(Options options) {
    var in = options.in();
    if (Files.exists(in) && !Files.isRegularFile(in)) {
      throw new InputException(in + " is no regular file, whose lines could be read again");
    }
    boolean done =
        Files.exists(options.out()) && !Files.exists(ResumableOutput.progress(options.out()));
    if (done && !options.force()) {
      throw new InputException(
          "%s is there already, and complete; name another file with --out, or replace it with --force"
              .formatted(options.out()));
    }
  }

  private Summary run() {
    begin();
    long resumed = output.line();
    input.each(
        ids,
        line -> {
          if (line.number() <= resumed) return;
          add(line);
          if (tooOld()) renewIds();
        });
    settleAll();
    output.finish();
    return new Summary(predicted, problems, input.notes());
  }

  private void begin() {
    if (output.state().isEmpty()) {
      output.add(input.header());
      output.save(0, state()); // before the first id is sent
    } else if (tooOld()) {
      throw new BulkException(
          "The run into %s began at %s, and its prediction ids are not valid any more: lines after %d may be stored, and would be stored twice. Begin anew with --force, or with the rest of the file"
              .formatted(options.out(), began, output.line()));
    }
    long size = options.in().toFile().length();
    progress.begin("predicting (KiB)", Math.toIntExact(size >> KIB));
  }

  private boolean tooOld() {
    return Duration.between(began, Instant.now()).compareTo(LONGEST) > 0;
  }

  /** Begins again with what is left of the file: all before it has its results. */
  private void renewIds() {
    settleAll();
    began = Instant.now();
    ids.renew(began);
    output.save(output.line(), state());
  }

  private void settleAll() {
    send();
    while (!sent.isEmpty()) settle();
  }

  private JsonObject state() {
    var counts = new JsonObject();
    problems.forEach(counts::put);
    return new JsonObject()
        .put(BEGAN, began.toString())
        .put(PREDICTED, predicted)
        .put(PROBLEMS, counts);
  }

  private void add(BulkLine line) {
    var shipment = line.shipment();
    int length = shipment == null ? 0 : shipment.encode().length();
    if (characters + length > BATCH_CHARACTERS) send();
    characters += length;
    lines.add(line);
    if (lines.size() == options.batch()) send();
  }

  private void send() {
    if (lines.isEmpty()) return;
    var shipments = lines.stream().map(BulkLine::shipment).filter(Objects::nonNull).toList();
    sent.add(new Batch(lines, senders.submit(() -> sender.send(shipments))));
    lines = new ArrayList<>();
    characters = 0;
    if (sent.size() > 2 * options.parallel()) settle();
  }

  /** Writes the results of the oldest batch. */
  private void settle() {
    var batch = sent.remove();
    var results = results(batch).iterator();
    for (var line : batch.lines()) {
      var result = line.shipment() == null ? fault(line) : results.next();
      var error = result.getJsonObject("error");
      if (error == null) predicted++;
      else problems.merge(error.getString("code", MALFORMED), 1L, Long::sum);
      output.add(input.result(line, result));
    }
    output.save(batch.lines().get(batch.lines().size() - 1).number(), state());
    progress.step(read.step());
  }

  private static List<JsonObject> results(Batch batch) {
    try {
      return batch.results().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BulkException known) throw known;
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BulkException("Interrupted; go on with the same command");
    }
  }

  private static JsonObject fault(BulkLine line) {
    var error = new JsonObject().put("code", MALFORMED).put("detail", line.fault());
    return new JsonObject().put("error", error);
  }
}
