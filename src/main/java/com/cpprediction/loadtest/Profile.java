package com.cpprediction.loadtest;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Which addresses come, and how often. The i-th request of a run is always the same one. */
public enum Profile {
  /** Each address comes once. */
  MISSES,
  /** The same few addresses again and again. */
  HITS,
  /** Four in five are asked for again, the popular ones more often (Zipf, exponent 1). */
  MIXED,
  /** Requests of 100 shipments, each address once. */
  BATCH,
  /** The rows of a file, one after the other, again and again. */
  FILE;

  /** Addresses that {@link #HITS} repeats. */
  static final int FEW = 100;

  private static final int BATCHED = 100;
  private static final double REPEATED = 0.8;
  private static final int LETTERS = 26;

  /** As an option says it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Of {@code places} places, those that come again and again: the first ones. */
  int known(int places) {
    return switch (this) {
      case HITS -> Math.min(FEW, places);
      case MIXED -> places;
      case MISSES, BATCH, FILE -> 0;
    };
  }

  /**
   * What a step sends.
   *
   * @param run tells this run from others, so that nothing it made up was asked for before; letters
   * @param step tells this step from others of the run; letters
   * @param asked requests before it: {@link #FILE} goes on where they ended
   */
  Questions questions(List<Place> places, String run, String step, long asked) {
    var tag = run + " " + step;
    return switch (this) {
      case MISSES -> one(tag, i -> fresh(places, tag, i));
      case HITS -> one(tag, i -> places.get((int) (i % known(places.size()))));
      case FILE -> one(tag, i -> places.get((int) ((asked + i) % places.size())));
      case MIXED -> {
        var zipf = new Zipf(places.size());
        yield one(
            tag,
            i -> {
              var random = new SplittableRandom(i);
              return random.nextDouble() < REPEATED
                  ? places.get(zipf.rank(random.nextDouble()))
                  : fresh(places, tag, i);
            });
      }
      case BATCH ->
          new Questions(
              "/predict/batch",
              BATCHED,
              i -> {
                var shipments = new JsonArray();
                for (int j = 0; j < BATCHED; j++) {
                  long n = i * BATCHED + j;
                  shipments.add(shipment(tag, n, fresh(places, tag, n)));
                }
                return new JsonObject().put("shipments", shipments).toBuffer();
              });
    };
  }

  private interface Places {
    Place at(long i);
  }

  private static Questions one(String tag, Places places) {
    return new Questions("/predict", 1, i -> body(tag, i, places.at(i)));
  }

  private static Buffer body(String tag, long i, Place place) {
    return shipment(tag, i, place).toBuffer();
  }

  private static JsonObject shipment(String tag, long i, Place place) {
    var json =
        new JsonObject()
            .put("shipment_id", "load-test-%s-%d".formatted(tag.replace(' ', '-'), i))
            .put("address", place.address());
    return place.pincode().isEmpty() ? json : json.put("pincode", place.pincode());
  }

  /** A door of a place that nobody has asked for; in letters, as digits might be a pincode. */
  private static Place fresh(List<Place> places, String tag, long i) {
    var place = places.get((int) (i % places.size()));
    return new Place("door %s %s %s".formatted(tag, letters(i), place.address()), place.pincode());
  }

  static String letters(long i) {
    var text = new StringBuilder();
    for (long left = i; ; left = left / LETTERS - 1) {
      text.append((char) ('a' + left % LETTERS));
      if (left < LETTERS) return text.toString();
    }
  }
}
