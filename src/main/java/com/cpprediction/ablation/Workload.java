package com.cpprediction.ablation;

import com.cpprediction.loadtest.Zipf;
import com.cpprediction.model.Manifest;
import com.cpprediction.model.ModelException;
import com.cpprediction.model.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.ServiceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * The addresses that are asked for, the same in every state: the i-th is always the same one. Some
 * come again and again, the popular ones more often than the others (Zipf, exponent 1); the others
 * come once and never again. Thread-safe.
 */
final class Workload {
  private final List<Address> popular;
  private final Zipf zipf;
  private final double repeated;
  private final long start;

  /**
   * @param popular what comes again and again, the most popular first
   * @param repeated share of requests for one of those, 0..1
   */
  Workload(List<Address> popular, double repeated, long seed) {
    this.popular = List.copyOf(popular);
    this.repeated = repeated;
    start = new SplittableRandom(seed).nextLong(); // neighbouring seeds share nothing
    zipf = new Zipf(popular.size());
  }

  /**
   * Of the golden addresses of a release: real ones, spread over all its prefixes.
   *
   * @param count of popular ones at most
   * @throws AblationException when the release has none with a pincode
   */
  static Workload of(Path release, int count, double repeated, long seed) {
    var addresses = new ArrayList<Address>();
    for (var prefix : Release.open(release).manifests().keySet()) {
      for (var golden : manifest(release, prefix).golden()) {
        try {
          var address = Address.of(golden.address().text(), golden.address().pincode());
          if (address.pincode() != null && address.pincode().startsWith(prefix)) {
            addresses.add(address);
          }
        } catch (ServiceException e) {
          throw new AblationException("%s: %s".formatted(release, e.getMessage()), e);
        }
      }
    }
    if (addresses.isEmpty()) {
      throw new AblationException(release + " has no golden address with a pincode to ask for");
    }
    Collections.shuffle(addresses, new Random(seed));
    return new Workload(addresses.subList(0, Math.min(count, addresses.size())), repeated, seed);
  }

  private static Manifest manifest(Path release, String prefix) {
    try {
      return Manifest.parse(Files.readAllBytes(release.resolve(prefix).resolve(Manifest.FILE)));
    } catch (IOException e) {
      throw new ModelException("cannot read the manifest of " + prefix + ": " + e.getMessage());
    }
  }

  /** What comes again and again. */
  List<Address> popular() {
    return popular;
  }

  /**
   * @param i from 0
   */
  Address at(long i) {
    var random = new SplittableRandom(start + i);
    double kind = random.nextDouble();
    var address = popular.get(zipf.rank(random.nextDouble()));
    if (kind < repeated) return address;
    // A number before it makes it another address of the same place.
    return new Address("house %d %s".formatted(i, address.text()), address.pincode());
  }
}
