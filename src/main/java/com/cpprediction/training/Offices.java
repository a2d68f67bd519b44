package com.cpprediction.training;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The offices of the CPs of a prefix: each office of a pincode is of the CP that bears its name,
 * else of the CP that delivers for the pincode, else of the one with most addresses there.
 *
 * @param offices by CP
 * @param first first office of each CP, and the end of the last
 * @param own index of its own office by CP, or -1
 * @param pincode likeliest pincode by CP
 */
record Offices(List<OfficeDirectory.Office> offices, int[] first, int[] own, int[] pincode) {
  static Offices of(PrefixCounts counts, OfficeDirectory directory) {
    return new Assignment(counts, directory).offices();
  }

  private static final class Assignment {
    private final List<String> cps;
    private final OfficeDirectory directory;
    private final TreeMap<Integer, TreeMap<Integer, Integer>> addresses;
    private final int[] pincode;
    private final List<LinkedHashSet<OfficeDirectory.Office>> ofCp = new ArrayList<>();

    Assignment(PrefixCounts counts, OfficeDirectory directory) {
      cps = counts.cps();
      this.directory = directory;
      addresses = counts.pincodes();
      pincode = new int[cps.size()];
      var most = new int[cps.size()];
      addresses.forEach(
          (own, byCp) ->
              byCp.forEach(
                  (cp, count) -> {
                    if (count > most[cp]) {
                      most[cp] = count;
                      pincode[cp] = own;
                    }
                  }));
      for (int cp = 0; cp < pincode.length; cp++) {
        ofCp.add(new LinkedHashSet<>());
        var known = directory.cp(cps.get(cp));
        if (known != null) pincode[cp] = Integer.parseInt(known.pincode());
      }
    }

    Offices offices() {
      var all = new TreeSet<>(addresses.keySet());
      for (int own : pincode) all.add(own);
      all.forEach(this::assign);
      var offices = new ArrayList<OfficeDirectory.Office>();
      var first = new int[cps.size() + 1];
      var own = new int[cps.size()];
      for (int cp = 0; cp < own.length; cp++) {
        own[cp] = -1;
        var known = directory.cp(cps.get(cp));
        for (var office : ofCp.get(cp)) {
          if (known != null && own[cp] < 0 && office.name().equals(known.office())) {
            own[cp] = offices.size();
          }
          offices.add(office);
        }
        first[cp + 1] = offices.size();
      }
      return new Offices(offices, first, own, pincode);
    }

    private void assign(int pincodeOfOffices) {
      var owners = owners(pincodeOfOffices);
      if (owners.isEmpty()) return;
      int receiver = receiver(pincodeOfOffices, owners);
      var named = new TreeSet<String>();
      for (var office : directory.offices(Integer.toString(pincodeOfOffices))) {
        int cp = owner(office, List.copyOf(owners.keySet()), receiver);
        ofCp.get(cp).add(office);
        named.add(office.name());
      }
      for (int cp : owners.keySet()) {
        var known = directory.cp(cps.get(cp));
        if (known == null || pincode[cp] != pincodeOfOffices) continue;
        if (named.add(known.office())) {
          ofCp.get(cp).add(new OfficeDirectory.Office(known.office(), ""));
        }
      }
    }

    /** CPs with their addresses of a pincode; without addresses those that own it. */
    private Map<Integer, Integer> owners(int of) {
      var owners = new TreeMap<>(addresses.getOrDefault(of, new TreeMap<>()));
      for (int cp = 0; cp < pincode.length; cp++) if (pincode[cp] == of) owners.putIfAbsent(cp, 0);
      return owners;
    }

    private int receiver(int of, Map<Integer, Integer> owners) {
      int best = -1;
      int most = -1;
      for (var entry : owners.entrySet()) {
        var known = directory.cp(cps.get(entry.getKey()));
        if (known != null && known.delivers() && pincode[entry.getKey()] == of) {
          return entry.getKey();
        }
        if (entry.getValue() > most) {
          most = entry.getValue();
          best = entry.getKey();
        }
      }
      return best;
    }

    private int owner(OfficeDirectory.Office office, List<Integer> owners, int receiver) {
      for (int cp : owners) {
        var known = directory.cp(cps.get(cp));
        if (known != null && known.office().equals(office.name())) return cp;
      }
      return receiver;
    }
  }

  /** The words of the taluk and district of each CP's offices, ascending. */
  List<String> regions(int cp) {
    var words = new TreeSet<String>();
    for (var office : offices.subList(first[cp], first[cp + 1])) {
      if (!office.place().isEmpty()) Collections.addAll(words, office.place().split(" "));
    }
    return List.copyOf(words);
  }
}
