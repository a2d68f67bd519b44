package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes as rows of a training: the older ones to learn from, the newest ones, as they were
 * asked, to measure on. Its heap does not grow with the number of outcomes. One thread.
 */
final class OutcomeRows {
  /** Newest outcomes that are kept to measure on. */
  private static final int MEASURED = 20_000;

  /** Outcomes that make a CP which the release lacks: fewer are rather slips of a pen. */
  static final int NEW_CP = 3;

  /** CPs that the release lacks, whose outcomes are counted. */
  private static final int NEW_CPS = 100_000;

  /** CPs that a report names at most. */
  private static final int NAMED = 100;

  /**
   * Outcomes that a CP can be expected to have where none makes it look closed: as many come to
   * none by chance once in 150 times (Poisson).
   */
  private static final double EXPECTED = 5;

  private final KnownOutcome.Source source;
  private final Instant cut;
  private final long newestCount;
  private final SortedMap<String, PrefixCounts> release;
  private final Map<String, String> prefixOf =
      new HashMap<>(); // by CP, the one with most addresses
  private final Map<String, Integer> newCps = new HashMap<>();
  private final EnumMap<KnownOutcome.Kind, Long> kinds = new EnumMap<>(KnownOutcome.Kind.class);
  private final Map<String, Long> byPrefix = new TreeMap<>();
  private final Set<String> delivered = new HashSet<>(); // CPs of the release
  private final List<LabelledRow> newest = new ArrayList<>();
  private final List<Query> queries = new ArrayList<>();
  private final RowCodec.Encoder encoder = new RowCodec.Encoder();
  private long newestMet;
  private long unlearned;

  /**
   * @param cut outcomes reported from this time on are not learned
   * @param newestCount number of them
   * @param release what the training adds to; empty for nothing
   */
  OutcomeRows(
      KnownOutcome.Source source,
      Instant cut,
      long newestCount,
      SortedMap<String, PrefixCounts> release) {
    this.source = source;
    this.cut = cut;
    this.newestCount = newestCount;
    this.release = release;
    release.forEach(
        (prefix, counts) -> {
          for (int cp = 0; cp < counts.cps().size(); cp++) {
            var code = counts.cps().get(cp);
            var other = prefixOf.get(code);
            if (other == null || addresses(other, code) < counts.addresses()[cp]) {
              prefixOf.put(code, prefix);
            }
          }
        });
  }

  /**
   * Reads the outcomes, twice: to count those of new CPs, then all.
   *
   * @param firstNumber of the first row
   */
  void appendTo(RowStore store, long firstNumber, FaultCounts faults) {
    source.each(this::countNewCp);
    var next = new long[] {firstNumber};
    source.each(
        outcome -> {
          long number = next[0]++;
          try {
            var row = row(outcome);
            if (outcome.reportedAt().isBefore(cut)) append(row, outcome, number, store);
            else keep(row, outcome);
          } catch (BadRow e) {
            faults.add(new FaultCounts.Fault(number, 0, e));
          }
        });
  }

  private void countNewCp(KnownOutcome outcome) {
    if (prefixOf.containsKey(outcome.cp())) return;
    if (newCps.size() < NEW_CPS) newCps.merge(outcome.cp(), 1, Integer::sum);
    else newCps.computeIfPresent(outcome.cp(), (cp, count) -> count + 1);
  }

  private void append(LabelledRow row, KnownOutcome outcome, long number, RowStore store) {
    var kind = outcome.kind();
    kinds.merge(kind, 1L, Long::sum);
    byPrefix.merge(row.prefix(), 1L, Long::sum);
    if (prefixOf.containsKey(row.cp())) delivered.add(row.cp());
    var text = InputRow.canonical(row.address());
    encoder.clear();
    encoder.put(new InputRow(row, text, kind.weight(), outcome.reportedAt(), number, 0));
    store.append(row.prefix(), encoder.bytes(), 0, encoder.length());
  }

  /** Keeps one of the newest, evenly chosen where there are too many. */
  private void keep(LabelledRow row, KnownOutcome outcome) {
    long before = newestMet++ * MEASURED / Math.max(newestCount, MEASURED);
    if (newestMet * MEASURED / Math.max(newestCount, MEASURED) == before) return;
    newest.add(row);
    queries.add(Query.unmasked(row.address(), outcome.field()));
  }

  /**
   * An outcome with a pincode of the prefix of its CP: that of the request which lies there, else
   * the most frequent one of the CP.
   *
   * @throws BadRow when there is none, or the CP is new and has too few outcomes
   */
  private LabelledRow row(KnownOutcome outcome) {
    InputRow.canonical(outcome.address());
    var cp = LabelledRow.code(outcome.cp());
    var own = prefixOf.get(cp);
    if (own == null) {
      if (newCps.getOrDefault(cp, 0) < NEW_CP) {
        unlearned++;
        throw new BadRow(
            "the release lacks the CP, and fewer than %d outcomes name it".formatted(NEW_CP));
      }
      own = outcome.prefix();
    }
    for (var pincode : outcome.pincodes()) {
      var prefix = pincode.substring(0, 3);
      if (prefix.equals(own) || isOf(prefix, cp)) {
        return new LabelledRow(outcome.address(), pincode, cp);
      }
    }
    var usual = own == null ? null : usualPincode(own, cp);
    if (usual != null) return new LabelledRow(outcome.address(), usual, cp);
    throw new BadRow("the request has no pincode of the prefix of its CP, which is new");
  }

  private boolean isOf(String prefix, String cp) {
    var counts = release.get(prefix);
    return counts != null && Collections.binarySearch(counts.cps(), cp) >= 0;
  }

  private long addresses(String prefix, String cp) {
    var counts = release.get(prefix);
    if (counts == null) return 0;
    int at = Collections.binarySearch(counts.cps(), cp);
    return at < 0 ? 0 : counts.addresses()[at];
  }

  private @Nullable String usualPincode(String prefix, String cp) {
    var counts = release.get(prefix);
    int at = counts == null ? -1 : Collections.binarySearch(counts.cps(), cp);
    if (counts == null || at < 0) return null;
    int most = 0;
    String usual = null;
    for (var entry : counts.pincodes().entrySet()) {
      int count = entry.getValue().getOrDefault(at, 0);
      if (count <= most) continue;
      most = count;
      usual = Integer.toString(entry.getKey());
    }
    return usual;
  }

  /** Newest outcomes with their CPs. */
  List<LabelledRow> newest() {
    return newest;
  }

  /** The requests of {@link #newest}. */
  List<Query> queries() {
    return queries;
  }

  /** What was learned. */
  LearningReport report() {
    var learned = new TreeMap<String, Long>();
    for (var kind : KnownOutcome.Kind.values()) {
      learned.put(kind.label(), kinds.getOrDefault(kind, 0L));
    }
    var added = new TreeSet<String>();
    newCps.forEach(
        (cp, count) -> {
          if (count >= NEW_CP) added.add(cp);
        });
    var closed = closed();
    return new LearningReport(
        cut,
        learned,
        newestMet,
        added.size(),
        added.stream().limit(NAMED).toList(),
        newCps.size() - added.size(),
        unlearned,
        closed.size(),
        closed.stream().limit(NAMED).toList(),
        List.of());
  }

  /** CPs of the release without an outcome, where their share of the prefix lets expect several. */
  private TreeSet<String> closed() {
    var closed = new TreeSet<String>();
    release.forEach(
        (prefix, counts) -> {
          long all = 0;
          for (int addresses : counts.addresses()) all += addresses;
          double outcomes = byPrefix.getOrDefault(prefix, 0L);
          for (int cp = 0; cp < counts.cps().size(); cp++) {
            var code = counts.cps().get(cp);
            double expected = outcomes * counts.addresses()[cp] / Math.max(1, all);
            if (expected >= EXPECTED && !delivered.contains(code)) closed.add(code);
          }
        });
    return closed;
  }
}
