package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.prediction.Address;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Directory of post offices by pincode, and the office and pincode of each CP. */
final class OfficeDirectory {
  /** An empty directory. */
  static final OfficeDirectory EMPTY = new OfficeDirectory(Map.of(), Map.of(), Set.of(), List.of());

  /**
   * @param name canonical, without its kind such as branch office
   * @param place canonical taluk and district
   */
  record Office(String name, String place) {
    String text() {
      return place.isEmpty() ? name : name + ' ' + place;
    }
  }

  /**
   * @param pincode of the CP
   * @param office canonical name of its office
   * @param delivers whether that office delivers for the whole pincode
   */
  record CpOffice(String pincode, String office, boolean delivers) {}

  /** A name and its kind; what follows, mostly the district in brackets, is not of the name. */
  private static final Pattern KIND =
      Pattern.compile("(?!g p o$)(.+?) (?:so|bo|ho|po|gpo|s o|b o|h o|p o|g p o)(?: .*)?");

  private static final Columns OFFICES =
      Columns.of(Columns.PINCODE, "office").and("taluk", "district", "state");
  private static final String DELIVERS = "is_delivery_office_of_pincode";
  private static final Columns CPS =
      Columns.of(Columns.CP_CODE, Columns.PINCODE, "office").and(DELIVERS);

  private final Map<String, Set<Office>> offices;
  private final Map<String, CpOffice> cps;
  private final Set<NationalTrainer.Labelled> texts;
  private final List<String> badRows;

  private OfficeDirectory(
      Map<String, Set<Office>> offices,
      Map<String, CpOffice> cps,
      Set<NationalTrainer.Labelled> texts,
      List<String> badRows) {
    this.texts = texts;
    this.offices = offices;
    this.cps = cps;
    this.badRows = badRows;
  }

  /**
   * @param directory CSV with {@code pincode,office} and, where known, {@code
   *     taluk,district,state}, if any
   * @param cpOffices CSV with {@code cp_code,pincode,office} and, where known, {@code
   *     is_delivery_office_of_pincode}, if any
   */
  static OfficeDirectory read(@Nullable Path directory, @Nullable Path cpOffices) {
    var badRows = new ArrayList<String>();
    var offices = new HashMap<String, Set<Office>>();
    var texts = new LinkedHashSet<NationalTrainer.Labelled>();
    if (directory != null) {
      var bad =
          CsvRows.read(
              directory,
              OFFICES,
              row -> {
                var office = new Office(officeName(row.get("office")), place(row));
                if (office.name().isEmpty()) throw new BadRow("office has no name");
                offices.computeIfAbsent(row.pincode(), p -> new LinkedHashSet<>()).add(office);
                var text = (office.text() + ' ' + known(row.getOrEmpty("state"))).strip();
                texts.add(NationalTrainer.Labelled.office(text, row.pincode().substring(0, 3)));
              });
      badRows.addAll(bad.report(directory));
    }
    var cps = new HashMap<String, CpOffice>();
    if (cpOffices != null) {
      var bad =
          CsvRows.read(
              cpOffices,
              CPS,
              row ->
                  cps.put(
                      row.get("cp_code"),
                      new CpOffice(
                          row.pincode(),
                          officeName(row.get("office")),
                          "1".equals(row.getOrEmpty(DELIVERS)))));
      badRows.addAll(bad.report(cpOffices));
    }
    return new OfficeDirectory(offices, cps, texts, List.copyOf(badRows));
  }

  /** Unusable rows: per file a summary line, then examples. */
  List<String> badRows() {
    return badRows;
  }

  /** The pincodes that have an office, ascending. */
  int[] pincodes() {
    return offices.keySet().stream().mapToInt(Integer::parseInt).sorted().toArray();
  }

  /** Name, place and state of every office, with its prefix. */
  Set<NationalTrainer.Labelled> texts() {
    return texts;
  }

  List<Office> offices(String pincode) {
    return new ArrayList<>(offices.getOrDefault(pincode, Set.of()));
  }

  /** The office of a CP, where known. */
  @Nullable CpOffice cp(String cp) {
    return cps.get(cp);
  }

  /** The CPs whose pincode starts with {@code prefix}, with or without labelled addresses. */
  List<String> cpsOf(String prefix) {
    return cps.entrySet().stream()
        .filter(entry -> entry.getValue().pincode().startsWith(prefix))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static String place(CsvRows.Row row) {
    return (known(row.getOrEmpty("taluk")) + ' ' + known(row.getOrEmpty("district"))).strip();
  }

  private static String known(String name) {
    var canonical = Address.canonical(name);
    return canonical.equals("na") ? "" : canonical;
  }

  private static String officeName(String name) {
    var canonical = Address.canonical(name);
    var named = KIND.matcher(canonical);
    return named.matches() ? named.group(1) : canonical;
  }
}
