package com.cpprediction.loadtest;

import com.cpprediction.common.Labelled;
import java.util.List;
import java.util.SplittableRandom;

/** Mix of new and repeated addresses. The i-th request of a step is always the same. */
public enum Profile implements Labelled {
  /** Each address once. */
  MISSES,
  /** {@value #FEW} addresses, repeated in turn. */
  HITS,
  /** Four in five requests repeat an address, by Zipf's law with exponent 1. */
  MIXED,
  /** Batches of new addresses. */
  BATCH,
  /** Streams of new addresses, as long as a batch. */
  STREAM,
  /** Each address once, with the pincode of another place. */
  WRONG_PINCODES,
  /** Each address once, without a pincode. */
  NO_PINCODES,
  /** The rows of a file in order, repeated. */
  FILE;

  /** Addresses that {@link #HITS} repeats. */
  static final int FEW = 100;

  /** Code of a problem: the words of an address don't tell where it is. */
  private static final String UNCLEAR = "pincode-required";

  private static final double REPEATED = 0.8;
  private static final int LETTERS = 26;

  /** Name of the profile in options and reports. */
  public String option() {
    return label().replace('_', '-');
  }

  /** Number of repeated addresses, the first of {@code count}. */
  int repeated(int count) {
    return switch (this) {
      case HITS -> Math.min(FEW, count);
      case MIXED -> count;
      case MISSES, BATCH, STREAM, WRONG_PINCODES, NO_PINCODES, FILE -> 0;
    };
  }

  /**
   * The requests of a step.
   *
   * @param run letters unique to the run, part of every new address and shipment id
   * @param step letters unique to the step within the run
   * @param offset requests of earlier steps, after which {@link #FILE} continues
   */
  RequestSource requests(List<AddressRow> addresses, String run, String step, long offset) {
    var tag = run + " " + step;
    var ids = LoadTest.ids(run) + step + "-";
    return switch (this) {
      case MISSES -> RequestSource.singles(ids, i -> fresh(addresses, tag, i));
      case HITS -> RequestSource.singles(ids, i -> cyclic(addresses, FEW, i));
      case FILE -> RequestSource.singles(ids, i -> cyclic(addresses, addresses.size(), offset + i));
      case MIXED -> mixed(addresses, tag, ids);
      case BATCH -> RequestSource.batches(ids, i -> fresh(addresses, tag, i));
      case STREAM -> RequestSource.streams(ids, i -> fresh(addresses, tag, i));
      case WRONG_PINCODES ->
          RequestSource.singles(ids, i -> misplaced(addresses, tag, i)).refusedWith(UNCLEAR);
      case NO_PINCODES ->
          RequestSource.singles(ids, i -> fresh(addresses, tag, i).withoutPincode())
              .refusedWith(UNCLEAR);
    };
  }

  private static RequestSource mixed(List<AddressRow> addresses, String tag, String ids) {
    var zipf = new Zipf(addresses.size());
    return RequestSource.singles(
        ids,
        i -> {
          var random = new SplittableRandom(i);
          return random.nextDouble() < REPEATED
              ? addresses.get(zipf.rank(random.nextDouble()))
              : fresh(addresses, tag, i);
        });
  }

  /** The i-th of the first {@code count} addresses, repeated in turn. */
  private static AddressRow cyclic(List<AddressRow> addresses, int count, long i) {
    return addresses.get((int) (i % Math.min(count, addresses.size())));
  }

  /** A new address at a known place; made of letters, since digits could read as a pincode. */
  private static AddressRow fresh(List<AddressRow> addresses, String tag, long i) {
    var known = addresses.get((int) (i % addresses.size()));
    var text = "door %s %s %s".formatted(tag, letters(i), known.address());
    return new AddressRow(text, known.pincode());
  }

  /**
   * A new address whose only pincode is that of another place, of another prefix if there is one.
   */
  private static AddressRow misplaced(List<AddressRow> addresses, String tag, long i) {
    var here = fresh(addresses, tag, i);
    int size = addresses.size();
    var other = addresses.get((int) ((i + size / 2) % size));
    for (int n = 1; n < size && other.prefix().equals(here.prefix()); n++) {
      other = addresses.get((int) ((i + size / 2 + n) % size));
    }
    return new AddressRow(here.withoutPincode().address(), other.pincode());
  }

  /** A number in letters: a, b, …, z, aa, ba, …. */
  static String letters(long i) {
    var text = new StringBuilder();
    for (long left = i; ; left = left / LETTERS - 1) {
      text.append((char) ('a' + left % LETTERS));
      if (left < LETTERS) return text.toString();
    }
  }
}
