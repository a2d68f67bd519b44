package com.cpprediction.serving;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.LookupResult;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;

/** Collects addresses with their prefixes, and looks them up with one query per prefix. */
final class PrefixLookups {
  private final Map<String, List<Address>> addresses = new LinkedHashMap<>(); // by prefix
  private final List<List<Place>> places = new ArrayList<>(); // of the lookups of each address

  private record Place(String prefix, int index) {
    Future<LookupResult> in(Map<String, List<Future<LookupResult>>> results) {
      return Objects.requireNonNull(results.get(prefix)).get(index);
    }
  }

  /** Adds an address to look up under each of {@code prefixes}. */
  void add(Address address, List<String> prefixes) {
    var own = new ArrayList<Place>(prefixes.size());
    for (var prefix : prefixes) {
      var group = addresses.computeIfAbsent(prefix, none -> new ArrayList<>());
      own.add(new Place(prefix, group.size()));
      group.add(address);
    }
    places.add(own);
  }

  /** As {@link #lookUp}, of a single address. */
  static List<Future<LookupResult>> ofOne(
      Address address,
      List<String> prefixes,
      BiFunction<String, List<Address>, List<Future<LookupResult>>> query) {
    var addresses = List.of(address);
    if (prefixes.size() == 1) return query.apply(prefixes.get(0), addresses);
    var results = new ArrayList<Future<LookupResult>>(prefixes.size());
    for (var prefix : prefixes) results.addAll(query.apply(prefix, addresses));
    return results;
  }

  /**
   * Looks all of them up.
   *
   * @param query given a prefix and its addresses; returns a future for each, in order
   * @return for each address in the order of adding, a future for each of its prefixes
   */
  List<List<Future<LookupResult>>> lookUp(
      BiFunction<String, List<Address>, List<Future<LookupResult>>> query) {
    var results = new LinkedHashMap<String, List<Future<LookupResult>>>();
    addresses.forEach((prefix, group) -> results.put(prefix, query.apply(prefix, group)));
    var byAddress = new ArrayList<List<Future<LookupResult>>>(places.size());
    for (var own : places) {
      var ofAddress = new ArrayList<Future<LookupResult>>(own.size());
      for (var place : own) ofAddress.add(place.in(results));
      byAddress.add(ofAddress);
    }
    return byAddress;
  }
}
