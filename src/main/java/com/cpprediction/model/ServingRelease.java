package com.cpprediction.model;

import com.cpprediction.model.format.UseCount;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.ServiceException;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One generation of the models that serve: a release, the models of it that this node holds, and
 * the settings that decide their predictions. Immutable; a reload, a claim, a drop or a changed
 * setting publishes another generation. A request holds a lease on one generation from the reading
 * of its body to its end. The last lease on a replaced generation frees it: its models are
 * unmapped, except for those that a newer generation holds as well. Thread-safe.
 */
public final class ServingRelease implements AutoCloseable {
  private static final AtomicLong GENERATIONS = new AtomicLong(); // of all stores of a process

  private final long generation;
  private final ReleaseContent content;
  private final SortedMap<String, LoadedModel> models;
  private final String release;
  private final Set<String> prefixes;
  private final Map<String, String> fingerprints;
  private final Set<String> here;
  private final Set<String> outdated;
  private final PrefixLocator locator;
  private final UseCount uses;

  /**
   * Used once, by the caller; uses all of {@code models} and the national stage of {@code content}
   * until it is freed.
   *
   * @param generation of {@link #nextGeneration}
   * @param freeing where it is freed
   * @param freed run at the end of the last use
   */
  ServingRelease(
      long generation,
      ReleaseContent content,
      SortedMap<String, LoadedModel> models,
      Engine engine,
      Executor freeing,
      Runnable freed) {
    this.generation = generation;
    this.content = content;
    this.models = Collections.unmodifiableSortedMap(models);
    release = content.id();
    var all = new TreeSet<>(models.keySet());
    all.addAll(content.named().keySet());
    prefixes = Set.copyOf(all);
    fingerprints = Map.copyOf(content.fingerprints(models, engine));
    here = Set.copyOf(models.keySet());
    outdated =
        models.values().stream()
            .filter(loaded -> !content.names(loaded))
            .map(loaded -> loaded.model().prefix())
            .collect(Collectors.toUnmodifiableSet());
    locator = new PrefixLocator(prefixes, content.national().locator());
    models.values().forEach(loaded -> keep(loaded.model().acquire()));
    if (content.national().stage() != null) keep(content.national().stage().acquire());
    uses =
        new UseCount(
            () -> {
              freed.run();
              freeing.execute(this::free);
            });
  }

  private ServingRelease(
      String release,
      Set<String> prefixes,
      Map<String, String> fingerprints,
      Set<String> here,
      Set<String> outdated,
      Locator locator) {
    generation = nextGeneration();
    content = ReleaseContent.EMPTY;
    models = Collections.emptySortedMap();
    this.release = release;
    this.prefixes = Set.copyOf(prefixes);
    this.fingerprints = Map.copyOf(fingerprints);
    this.here = Set.copyOf(here);
    this.outdated = Set.copyOf(outdated);
    this.locator = new PrefixLocator(this.prefixes, locator);
    uses = new UseCount(() -> {});
  }

  /** One that locates addresses and scores none: it has no models. */
  public static ServingRelease of(
      String release,
      Set<String> prefixes,
      Map<String, String> fingerprints,
      Set<String> here,
      Locator locator) {
    return of(release, prefixes, fingerprints, here, Set.of(), locator);
  }

  /**
   * As {@link #of(String, Set, Map, Set, Locator)}.
   *
   * @param outdated as {@link #outdated()}
   */
  public static ServingRelease of(
      String release,
      Set<String> prefixes,
      Map<String, String> fingerprints,
      Set<String> here,
      Set<String> outdated,
      Locator locator) {
    return new ServingRelease(release, prefixes, fingerprints, here, outdated, locator);
  }

  /** As {@link #of(String, Set, Map, Set, Locator)}, of a node that holds all there is. */
  public static ServingRelease of(Map<String, String> fingerprints, Locator locator) {
    return of("", fingerprints.keySet(), fingerprints, fingerprints.keySet(), locator);
  }

  /** A number that no other generation of this process has. */
  static long nextGeneration() {
    return GENERATIONS.incrementAndGet();
  }

  private static void keep(boolean acquired) {
    if (!acquired) throw new IllegalStateException("a model was freed before it served");
  }

  /** Unmaps what no other generation holds. */
  private void free() {
    models.values().forEach(loaded -> loaded.model().release());
    if (content.national().stage() != null) content.national().stage().release();
  }

  /**
   * Takes a lease, to be given back with {@link #close}.
   *
   * @return false when this generation was replaced and is freed
   */
  public boolean retain() {
    return uses.acquire();
  }

  /** Gives one lease back. */
  @Override
  public void close() {
    uses.release();
  }

  /** Uses now: its leases, and one more as long as it is in force. */
  public int uses() {
    return uses.count();
  }

  /** Its number; a newer generation has a higher one. */
  public long generation() {
    return generation;
  }

  /** SHA-256 over what decides the models of all prefixes; empty when there are none. */
  public String release() {
    return release;
  }

  /** Prefixes that the release names, or that have a model here. */
  public Set<String> prefixes() {
    return prefixes;
  }

  /**
   * Scoring fingerprints by prefix, of this node's models and, in a cluster, of those that only
   * other nodes hold, as far as known.
   */
  public Map<String, String> fingerprints() {
    return fingerprints;
  }

  /** Prefixes whose model this node holds. */
  public Set<String> here() {
    return here;
  }

  /**
   * Prefixes of {@link #here()} whose model is of an earlier release, since that of this one can't
   * be used here.
   */
  public Set<String> outdated() {
    return outdated;
  }

  /** Names the prefixes of addresses by their words; usable under a lease. */
  public Locator locator() {
    return locator.locator();
  }

  /**
   * The prefixes that {@code address} may belong to, by its words and its pincodes; usable under a
   * lease.
   *
   * @param wrongPincodes shares of wrong pincodes to assume
   * @throws ServiceException {@link Failure#UNKNOWN_PREFIX} or {@link Failure#PINCODE_REQUIRED}
   *     when the release has no model of the likeliest, {@link Failure#NOT_READY} when that can't
   *     be told
   */
  public Hypotheses locate(Address address, PincodeErrors wrongPincodes) {
    return locator.locate(address, wrongPincodes);
  }

  /**
   * The prefix of {@code address} by its first pincode alone.
   *
   * @throws ServiceException {@link Failure#UNKNOWN_PREFIX} when the release has none
   */
  public Hypotheses locateByPincode(Address address, PincodeErrors wrongPincodes) {
    return locator.byPincode(address, wrongPincodes);
  }

  /**
   * @return the longest prefix of {@code pincode} that the release has, if any
   */
  public @Nullable String prefixOf(String pincode) {
    return locator.prefixOf(Integer.parseInt(pincode));
  }

  /**
   * The model of {@code prefix} for one use under a lease, read now where {@code models.preload} is
   * {@code per_request}; to be given back with {@link PrefixModel#release}.
   *
   * @return the model, if this generation has one of the prefix
   * @throws ServiceException when it can't be read
   */
  @Nullable ScoringModel open(String prefix) {
    var loaded = models.get(prefix);
    if (loaded == null) return null;
    if (loaded.reader() == null) {
      keep(loaded.model().acquire());
      return scoring(prefix);
    }
    return new ScoringModel(loaded.reader().get(), fingerprint(prefix));
  }

  /** As {@link #open}, for as long as the lease lasts; not to be given back. */
  @Nullable ScoringModel scoring(String prefix) {
    var loaded = models.get(prefix);
    return loaded == null ? null : new ScoringModel(loaded.model(), fingerprint(prefix));
  }

  /** Whether {@code other} locates every address as this does. */
  public boolean locatesAs(ServingRelease other) {
    return prefixes.equals(other.prefixes)
        && content.national().digest().equals(other.content.national().digest());
  }

  private String fingerprint(String prefix) {
    return Objects.requireNonNull(fingerprints.get(prefix), prefix);
  }

  ReleaseContent content() {
    return content;
  }

  SortedMap<String, LoadedModel> models() {
    return models;
  }
}
