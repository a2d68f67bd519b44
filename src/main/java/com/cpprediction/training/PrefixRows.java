package com.cpprediction.training;

import com.cpprediction.prediction.Address;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Training rows of one prefix: its addresses, and the directory offices of its CPs' pincodes.
 *
 * @param prefix three digits
 * @param cps codes of its CPs, ascending; elsewhere a CP is its index in this list
 * @param cpPincode pincode by CP
 * @param addresses labelled addresses, by CP
 * @param directory rows made of directory offices, by CP
 * @param offices of the CPs' pincodes, grouped by pincode
 * @param cpOffice index of its office by CP, or -1
 * @param cpOffices two by CP: index of its pincode's first office, and the end of its last
 */
record PrefixRows(
    String prefix,
    List<String> cps,
    int[] cpPincode,
    List<Row> addresses,
    List<Row> directory,
    List<OfficeDirectory.Office> offices,
    int[] cpOffice,
    int[] cpOffices) {
  /**
   * @param text canonical
   * @param pincode six digits
   * @param group of near-duplicates
   */
  record Row(String text, int pincode, int cp, int group) {}

  /** An address with its group of near-duplicates. */
  record Grouped(LabelledRow row, String text, int group) {}

  static PrefixRows of(String prefix, List<Grouped> rows, OfficeDirectory directory) {
    var codes = new TreeSet<>(directory.cpsOf(prefix));
    rows.forEach(r -> codes.add(r.row().cp()));
    var cps = new ArrayList<>(codes);
    var addresses = new ArrayList<Row>(rows.size());
    for (var r : rows) {
      int cp = Collections.binarySearch(cps, r.row().cp());
      addresses.add(new Row(r.text(), Integer.parseInt(r.row().pincode()), cp, r.group()));
    }
    addresses.sort(Comparator.comparingInt(Row::cp));
    var cpPincode = new int[cps.size()];
    for (int cp = 0; cp < cpPincode.length; cp++) {
      var known = directory.cp(cps.get(cp));
      cpPincode[cp] =
          known == null ? mostFrequentPincode(addresses, cp) : Integer.parseInt(known.pincode());
    }
    return new Collector(prefix, cps, cpPincode, addresses, directory).collect();
  }

  private static int mostFrequentPincode(List<Row> addresses, int cp) {
    var counts = new TreeMap<Integer, Integer>();
    for (var row : addresses) if (row.cp() == cp) counts.merge(row.pincode(), 1, Integer::sum);
    int best = counts.firstKey();
    for (var entry : counts.entrySet())
      if (entry.getValue() > counts.getOrDefault(best, 0)) best = entry.getKey();
    return best;
  }

  /** Collects offices by pincode, so that those of a CP are consecutive. */
  private static final class Collector {
    private final String prefix;
    private final List<String> cps;
    private final int[] cpPincode;
    private final List<Row> addresses;
    private final OfficeDirectory directory;
    private final List<OfficeDirectory.Office> offices = new ArrayList<>();
    private final List<Row> officeRows = new ArrayList<>();
    private final int[] cpOffice;
    private final int[] cpOffices;

    Collector(
        String prefix,
        List<String> cps,
        int[] cpPincode,
        List<Row> addresses,
        OfficeDirectory directory) {
      this.prefix = prefix;
      this.cps = cps;
      this.cpPincode = cpPincode;
      this.addresses = addresses;
      this.directory = directory;
      cpOffice = new int[cps.size()];
      cpOffices = new int[2 * cps.size()];
    }

    PrefixRows collect() {
      var byPincode = new TreeMap<Integer, List<Integer>>();
      for (int cp = 0; cp < cpPincode.length; cp++) {
        byPincode.computeIfAbsent(cpPincode[cp], p -> new ArrayList<>()).add(cp);
      }
      byPincode.forEach(this::addPincode);
      officeRows.sort(Comparator.comparingInt(Row::cp));
      return new PrefixRows(
          prefix, cps, cpPincode, addresses, officeRows, offices, cpOffice, cpOffices);
    }

    private void addPincode(int pincode, List<Integer> owners) {
      int first = offices.size();
      var listed = directory.offices(Integer.toString(pincode));
      var names = new LinkedHashSet<String>();
      listed.forEach(office -> names.add(office.name()));
      for (int cp : owners) {
        var own = directory.cp(cps.get(cp));
        cpOffice[cp] = -1;
        if (own == null) continue;
        if (names.add(own.office())) listed.add(new OfficeDirectory.Office(own.office(), ""));
      }
      var places = new ArrayList<>(names);
      for (var name : places) offices.add(new OfficeDirectory.Office(name, ""));
      int receiver = receiver(owners);
      for (int cp : owners) {
        var own = directory.cp(cps.get(cp));
        if (own != null) cpOffice[cp] = first + places.indexOf(own.office());
        cpOffices[2 * cp] = first;
        cpOffices[2 * cp + 1] = offices.size();
      }
      for (var text : new LinkedHashSet<>(listed)) {
        officeRows.add(new Row(text.text(), pincode, labelOf(text, owners, receiver), -1));
      }
    }

    /** CP of an office without a CP of its own: the one that delivers for the pincode. */
    private int receiver(List<Integer> owners) {
      for (int cp : owners) {
        var own = directory.cp(cps.get(cp));
        if (own != null && own.delivers()) return cp;
      }
      int best = owners.get(0);
      for (int cp : owners) if (addressesOf(cp) > addressesOf(best)) best = cp;
      return best;
    }

    private long addressesOf(int cp) {
      return addresses.stream().filter(row -> row.cp() == cp).count();
    }

    private int labelOf(OfficeDirectory.Office office, List<Integer> owners, int receiver) {
      for (int cp : owners) {
        var own = directory.cp(cps.get(cp));
        if (own != null && own.office().equals(office.name())) return cp;
      }
      return receiver;
    }
  }

  /** Addresses, then directory rows. */
  List<Row> rows() {
    var rows = new ArrayList<>(addresses);
    rows.addAll(directory);
    return rows;
  }

  /** Number of rows. */
  int size() {
    return addresses.size() + directory.size();
  }

  /** Canonical text without pincodes and other long numbers, for {@link NearDuplicates}. */
  static String wording(String canonical) {
    return canonical.replaceAll("\\d{5,}", " ").replaceAll(" +", " ").strip();
  }

  /** Canonical text of a labelled address. */
  static String text(LabelledRow row) {
    return Address.canonical(row.address());
  }
}
