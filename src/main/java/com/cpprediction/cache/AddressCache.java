package com.cpprediction.cache;

import com.cpprediction.config.CacheConfig;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.TypedAddress;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Canonical forms and prefixes of the addresses of earlier requests, so that a repeated request
 * reads and locates nothing. Prefixes are those of one generation of the models; those of the next
 * one take their place. Failures are not kept, and neither are long addresses. An entry of 71
 * characters takes 680 bytes of heap, 430 without the address, which a key of the scores has as
 * well. Thread-safe.
 */
public final class AddressCache {
  /** Longest address that is kept, in characters as typed and of its canonical form each. */
  static final int LONGEST = 300;

  /**
   * An address, read and located.
   *
   * @param address shared with the keys of scores
   * @param generation of the models that located it
   */
  public record Entry(Address address, Hypotheses hypotheses, long generation) {
    /** Whether its prefixes are those that would be found now. */
    public boolean isOf(long current, PincodeErrors wrongPincodes) {
      return generation == current && hypotheses.wrongPincodes().equals(wrongPincodes);
    }
  }

  private final Cache<TypedAddress, Entry> cache;
  private volatile boolean enabled;

  AddressCache(CacheConfig config, Ticker ticker) {
    enabled = config.enabled();
    cache =
        Caffeine.newBuilder()
            .maximumSize(config.maxSize())
            .expireAfterWrite(config.ttl())
            .ticker(ticker)
            .executor(Runnable::run) // as of scores
            .build();
  }

  void apply(CacheConfig changed) {
    enabled = changed.enabled();
    if (!enabled) clear();
    Resizing.apply(cache, changed);
  }

  void clear() {
    cache.invalidateAll();
  }

  /**
   * Forgets some addresses.
   *
   * @param canonical forms of them
   */
  void forget(Set<String> canonical) {
    cache.asMap().values().removeIf(entry -> canonical.contains(entry.address().text()));
  }

  /** Entries now. */
  long size() {
    cache.cleanUp();
    return cache.estimatedSize();
  }

  /** Whether an address of {@code typed} may be kept. */
  public boolean keeps(String typed) {
    return enabled && typed.length() <= LONGEST;
  }

  /** The entry of {@code typed}, of any generation. */
  public @Nullable Entry get(TypedAddress typed) {
    return cache.getIfPresent(typed);
  }

  /** Keeps {@code entry} in the place of an earlier one. */
  public void put(TypedAddress typed, Entry entry) {
    if (entry.address().text().length() <= LONGEST) cache.put(typed, entry);
  }
}
