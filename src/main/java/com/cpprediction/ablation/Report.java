package com.cpprediction.ablation;

import com.cpprediction.ablation.Tables.Extent;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Report of a comparison, as text, JSON, HTML and Markdown. */
public final class Report {
  /** Files of {@link #write}. */
  static final String JSON = "ablation.json";

  static final String HTML = "ablation.html";
  static final String CLAIMS = "claims.md";

  /** Minimum rounds for intervals, and so for claims. */
  public static final int CLAIMED_ROUNDS = 2;

  private static final String BEGIN = "<!-- claims -->";
  private static final String END = "<!-- /claims -->";

  private final Recording recording;
  private final ExpectedGains gains;

  Report(Recording recording, ExpectedGains gains) {
    this.recording = recording;
    this.gains = gains;
  }

  /**
   * A report on recorded runs.
   *
   * @param recorded {@code ablation.json} of {@link #write}
   * @param promised file of expected gains; null for those of the Python service
   * @throws AblationException when one of them can't be used
   */
  public static Report of(Path recorded, @Nullable Path promised) {
    return new Report(Recording.read(recorded), expectedGains(promised));
  }

  static ExpectedGains expectedGains(@Nullable Path file) {
    return file == null ? ExpectedGains.packaged() : ExpectedGains.read(file);
  }

  /** Whether all planned runs were made and are valid. */
  public boolean complete() {
    return recording.failed().isEmpty() && recording.missing() == 0;
  }

  /** The report as JSON. */
  public JsonObject json() {
    return recording.toJson();
  }

  /** The report for a terminal. */
  public String text() {
    var tables =
        tables(Extent.SHORT).stream()
            .map(ReportTable::text)
            .collect(Collectors.joining("\n", "", "\n"));
    return "%s%s\n%s\n".formatted(tables, Notes.MARKS, String.join("\n", notes()));
  }

  /** All tables with rows. */
  List<ReportTable> tables(Extent extent) {
    return Stream.concat(
            Stream.of(Tables.means(recording, extent)),
            recording.design().groups().stream()
                .map(group -> Tables.ratios(recording, group, gains, extent)))
        .filter(table -> !table.rows().isEmpty())
        .toList();
  }

  /** Method, and doubts about figures. */
  List<String> notes() {
    return Notes.of(recording, gains);
  }

  /** The claims between their marks, for {@link #replaceClaims}. */
  String claims() {
    var environment = recording.environment();
    return """
        %s
        Measured on %s: %s, %s cores, %s MiB of memory, %s, %s, by `%s`. %s

        %s%s
        """
        .formatted(
            BEGIN,
            environment.getString("date", "?"),
            environment.getString("machine", "?"),
            environment.getValue("cores"),
            environment.getValue("memory_mib"),
            environment.getString("system", "?"),
            environment.getString("jdk", "?"),
            environment.getString("command", "ablation"),
            Notes.ratios(recording),
            Tables.claims(recording, gains).markdown(),
            END);
  }

  /**
   * Writes {@code ablation.json}, {@code ablation.html} and, for an ablation, {@code claims.md}.
   *
   * @param directory created where absent
   * @throws AblationException when it can't be written
   */
  public void write(Path directory) {
    try {
      save(directory);
      Files.writeString(directory.resolve(HTML), new Page(recording, this).html());
      if (recording.design().isAblation()) {
        Files.writeString(directory.resolve(CLAIMS), claims());
      }
    } catch (IOException e) {
      throw new AblationException("Cannot write to %s: %s".formatted(directory, e.getMessage()), e);
    }
  }

  /**
   * Writes {@code ablation.json} alone, atomically.
   *
   * @param directory created where absent
   * @throws AblationException when it can't be written
   */
  public void save(Path directory) {
    try {
      Files.createDirectories(directory);
      var half =
          Files.writeString(directory.resolve(JSON + ".part"), json().encodePrettily() + "\n");
      Files.move(half, directory.resolve(JSON), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new AblationException("Cannot write to %s: %s".formatted(directory, e.getMessage()), e);
    }
  }

  /**
   * Replaces the text between the marks in {@code file} with the claims.
   *
   * @throws AblationException when the recording supports no claims, the marks are missing, or it
   *     can't be written
   */
  public void replaceClaims(Path file) {
    var lacking = lacking();
    if (!lacking.isEmpty()) {
      throw new AblationException(
          "The claims in %s stay as they are: %s".formatted(file, String.join(", ", lacking)));
    }
    try {
      var text = Files.readString(file);
      int begin = text.indexOf(BEGIN);
      int end = text.indexOf(END, Math.max(begin, 0));
      if (begin < 0 || end < 0) {
        throw new AblationException(
            "%s has no %s with %s behind it; put both where the table is to be"
                .formatted(file, BEGIN, END));
      }
      var after = text.substring(end + END.length());
      Files.writeString(file, text.substring(0, begin) + claims().strip() + after);
    } catch (IOException e) {
      throw new AblationException("Cannot rewrite %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** Reasons against claims. */
  private List<String> lacking() {
    var lacking = new ArrayList<String>();
    int failed = recording.failed().size();
    if (failed > 0) lacking.add("%d runs do not count".formatted(failed));
    if (recording.missing() > 0) {
      lacking.add("%d runs were not made".formatted(recording.missing()));
    }
    if (recording.plan().getInteger("rounds") < CLAIMED_ROUNDS) {
      lacking.add("without %d rounds (--repeats) there is no interval".formatted(CLAIMED_ROUNDS));
    }
    if (!recording.design().isAblation()) {
      lacking.add("two configurations were compared, not the optimisations");
      return lacking;
    }
    int states = recording.summary().variants().size();
    if (states < State.every().size()) {
      lacking.add(
          "%d of %d states were measured (leave --only out)"
              .formatted(states, State.every().size()));
    }
    return lacking;
  }
}
