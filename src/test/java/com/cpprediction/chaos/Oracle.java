package com.cpprediction.chaos;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Compares a ledger with PostgreSQL, after all is stored: every {@code ok} is there exactly once
 * with the same answer, or among the rejects; no row is unknown to the ledger; no {@code refused}
 * has a row.
 */
final class Oracle {
  /** A row, as far as it repeats an answer. */
  record Stored(String shipment, String cp, double confidence, String model) {}

  private final Map<UUID, Ledger.Entry> ledger;
  private final Map<UUID, List<Stored>> stored = new HashMap<>();
  private final Set<UUID> rejected = new HashSet<>();

  Oracle(Map<UUID, Ledger.Entry> ledger) {
    this.ledger = ledger;
  }

  /**
   * What the comparison found.
   *
   * @param lost answered and neither stored nor among the rejects
   * @param doubled in more than one row
   * @param different stored with another answer
   * @param strange rows of requests that were never sent
   * @param unwanted rows of refused requests
   * @param unanswered refused or unknown
   * @param unexpected requests with another status than a 2xx, a 4xx, 503 or 504
   */
  record Verdict(
      int requests,
      int ok,
      int refused,
      int unknown,
      int stored,
      int rejected,
      List<String> lost,
      List<String> doubled,
      List<String> different,
      List<String> strange,
      List<String> unwanted,
      List<String> unexpected,
      List<String> unanswered) {}

  static Verdict compare(Map<UUID, Ledger.Entry> ledger, Connection database) throws SQLException {
    var oracle = new Oracle(ledger);
    oracle.read(database);
    return oracle.verdict();
  }

  private void read(Connection database) throws SQLException {
    try (var statement = database.createStatement();
        var rows =
            statement.executeQuery(
                "SELECT prediction_id, shipment_id, cp, confidence, prefix, fingerprint"
                    + " FROM predictions")) {
      while (rows.next()) {
        var row =
            new Stored(
                rows.getString(2),
                rows.getString(3),
                rows.getDouble(4),
                rows.getString(5) + "@" + rows.getString(6).substring(0, 8));
        stored(rows.getObject(1, UUID.class), row);
      }
    }
    try (var statement = database.createStatement();
        var rows = statement.executeQuery("SELECT prediction_id FROM prediction_rejects")) {
      while (rows.next()) rejected(rows.getObject(1, UUID.class));
    }
  }

  void stored(UUID id, Stored row) {
    stored.computeIfAbsent(id, first -> new ArrayList<>()).add(row);
  }

  void rejected(UUID id) {
    rejected.add(id);
  }

  /** Of the ledger and the rows it was given. */
  Verdict verdict() {
    var lost = new ArrayList<String>();
    var doubled = new ArrayList<String>();
    var different = new ArrayList<String>();
    var unwanted = new ArrayList<String>();
    var unexpected = new ArrayList<String>();
    var unanswered = new ArrayList<String>();
    ledger.forEach(
        (id, entry) -> {
          var rows = stored.getOrDefault(id, List.of());
          if (rows.size() > 1) doubled.add(name(id, entry));
          boolean kept = !rows.isEmpty() || rejected.contains(id);
          if (entry.outcome() == RequestOutcome.OK && !kept) lost.add(name(id, entry));
          if (entry.outcome() == RequestOutcome.REFUSED && kept) unwanted.add(name(id, entry));
          if (rows.stream().anyMatch(row -> !isThat(entry, row))) different.add(name(id, entry));
          if (entry.outcome() != RequestOutcome.OK) unanswered.add(name(id, entry));
          int status = entry.status();
          if (status >= 500 && status != 503 && status != 504) unexpected.add(name(id, entry));
        });
    var strange =
        stored.keySet().stream().filter(id -> !ledger.containsKey(id)).map(UUID::toString).toList();
    return new Verdict(
        ledger.size(),
        count(RequestOutcome.OK),
        count(RequestOutcome.REFUSED),
        count(RequestOutcome.UNKNOWN),
        stored.size(),
        rejected.size(),
        lost,
        doubled,
        different,
        strange,
        unwanted,
        unexpected,
        unanswered);
  }

  private static boolean isThat(Ledger.Entry entry, Stored row) {
    if (!row.shipment().equals(entry.shipment())) return false;
    var answer = entry.answer();
    return answer == null
        || new Ledger.Answer(row.cp(), row.confidence(), row.model()).equals(answer);
  }

  private static String name(UUID id, Ledger.Entry entry) {
    return entry.shipment() + " " + id + " " + entry.outcome() + " " + entry.status();
  }

  private int count(RequestOutcome outcome) {
    return (int) ledger.values().stream().filter(entry -> entry.outcome() == outcome).count();
  }
}
