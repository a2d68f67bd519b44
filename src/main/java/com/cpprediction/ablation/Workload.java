package com.cpprediction.ablation;

import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.loadtest.Zipf;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.Release;
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
 * Sequence of addresses to request, the same for every variant. Popular addresses are repeated, by
 * Zipf's law with exponent 1; all others occur once. Thread-safe.
 */
final class Workload {
  private final List<AddressRow> popular;
  private final Zipf zipf;
  private final double repeated;
  private final long start;

  /**
   * @param popular repeated addresses, the most frequent first
   * @param repeated share of requests for those, 0..1
   */
  Workload(List<AddressRow> popular, double repeated, long seed) {
    this.popular = List.copyOf(popular);
    this.repeated = repeated;
    start = new SplittableRandom(seed).nextLong(); // consecutive seeds must not overlap
    zipf = new Zipf(popular.size());
  }

  /**
   * A workload of a release's golden addresses: real ones, of all its prefixes.
   *
   * @param count maximum number of popular addresses
   * @throws AblationException when the release has no golden address with a pincode
   */
  static Workload of(Path release, int count, double repeated, long seed) {
    var addresses = new ArrayList<AddressRow>();
    for (var prefix : Release.open(release).manifests().keySet()) {
      for (var golden : manifest(release, prefix).golden()) {
        try {
          var address = Address.of(golden.address().text(), golden.address().pincode());
          if (address.pincode() != null && address.pincode().startsWith(prefix)) {
            addresses.add(new AddressRow(address.text(), address.pincode()));
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

  /** The repeated addresses, the most frequent first. */
  List<AddressRow> popular() {
    return popular;
  }

  /** The i-th address, from 0. */
  AddressRow at(long i) {
    var random = new SplittableRandom(start + i);
    double kind = random.nextDouble();
    var address = popular.get(zipf.rank(random.nextDouble()));
    if (kind < repeated) return address;
    // The number makes it a different address at the same place.
    return new AddressRow("house %d %s".formatted(i, address.address()), address.pincode());
  }
}
