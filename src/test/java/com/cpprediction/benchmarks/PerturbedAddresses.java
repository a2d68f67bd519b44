package com.cpprediction.benchmarks;

import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * Writes labelled addresses of any number: copies of real ones with abbreviations, dropped and
 * swapped words, typing errors, door numbers, and the pincode in another form or left out. Columns
 * {@code address,pincode,cp_code,time}; the times are days of two years. A row depends on the
 * source, the seed and its number only, so a longer file begins with the shorter one.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   com.cpprediction.benchmarks.PerturbedAddresses SOURCE.csv.gz OUT.csv.gz ROWS SEED [PREFIX]
 * </pre>
 *
 * <p>With {@code PREFIX} only the source's rows of that prefix are copied.
 */
public final class PerturbedAddresses {
  private static final Pattern PINCODE =
      Pattern.compile("(?<!\\d)([1-9]\\d{2})[ \\-.]{0,2}(\\d{3})(?!\\d)");

  private static final Pattern WORD = Pattern.compile("[A-Za-z]{3,}");
  private static final LocalDate FIRST_DAY = LocalDate.of(2024, 1, 1);
  private static final int DAYS = 731;

  private static final Map<String, List<String>> SPELLINGS =
      spellings(
          "ROAD RD",
          "STREET ST STR",
          "NAGAR NGR NAGER",
          "NEAR NR",
          "OPPOSITE OPP",
          "COLONY COL CLY",
          "SECTOR SEC",
          "MARG MG",
          "BUILDING BLDG BLD",
          "FLOOR FLR",
          "GROUND GR GRD",
          "SHOP SHP",
          "HOUSE HSE",
          "VILLAGE VILL VLG",
          "POST PO",
          "TEHSIL TEH",
          "TALUKA TAL TQ",
          "DISTRICT DIST DT",
          "CHOWK CHWK CHK",
          "BAZAR BAZAAR BZR",
          "MARKET MKT",
          "STATION STN",
          "HOSPITAL HOSP",
          "COMPLEX CPLX COMPLX",
          "APARTMENT APT APTS",
          "LAYOUT LYT",
          "EXTENSION EXTN EXT",
          "CROSS CRS",
          "INDUSTRIAL INDL",
          "ESTATE EST",
          "AREA AR",
          "BEHIND BHD B/H",
          "BESIDE BSD",
          "MAIN MN",
          "EAST E",
          "WEST W",
          "NORTH N",
          "SOUTH S",
          "PLOT PLT",
          "NUMBER NO",
          "GANDHI GANDI",
          "PURAM PURM",
          "BANGALORE BENGALURU BLR",
          "MUMBAI BOMBAY",
          "CHENNAI MADRAS",
          "KOLKATA CALCUTTA",
          "PUNE POONA",
          "GURGAON GURUGRAM",
          "MAHARASHTRA MH",
          "GUJARAT GUJ",
          "KARNATAKA KAR",
          "PRADESH PR",
          "RAJASTHAN RAJ");

  private static final List<String> DOORS =
      List.of(
          "Flat No %d", "H.No. %d", "#%d,", "Door No %d/2", "%d", "%d-A", "Room %d,", "Qtr No %d");

  private final List<Source> sources;
  private final long seed;

  private record Source(String address, String pincode, String cp) {}

  private PerturbedAddresses(List<Source> sources, long seed) {
    this.sources = sources;
    this.seed = seed;
  }

  /**
   * @param arguments source, file to write (gzip), rows, seed, and optionally a prefix
   */
  public static void main(String[] arguments) throws IOException {
    var prefix = arguments.length > 4 ? arguments[4] : "";
    var sources = new ArrayList<Source>();
    CsvRows.read(
        Path.of(arguments[0]),
        Columns.of("address", "pincode", "cp_code"),
        row -> {
          if (row.pincode().startsWith(prefix)) {
            sources.add(new Source(row.address(), row.pincode(), row.get("cp_code")));
          }
        });
    write(
        new PerturbedAddresses(sources, Long.parseLong(arguments[3])),
        Path.of(arguments[1]),
        Long.parseLong(arguments[2]));
  }

  private static void write(PerturbedAddresses addresses, Path file, long rows) throws IOException {
    try (var out =
        new BufferedWriter(
            new OutputStreamWriter(
                new GZIPOutputStream(Files.newOutputStream(file), 1 << 16) {
                  {
                    def.setLevel(Deflater.BEST_SPEED);
                  }
                },
                StandardCharsets.UTF_8),
            1 << 16)) {
      out.write("address,pincode,cp_code,time\n");
      for (long row = 0; row < rows; row++) out.write(addresses.line(row));
    }
  }

  private String line(long row) {
    var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + row);
    var source = sources.get(random.nextInt(sources.size()));
    var day = FIRST_DAY.plusDays(random.nextInt(DAYS));
    var address = perturbed(source, random).replace("\"", "\"\"");
    return "\"" + address + "\"," + source.pincode() + ',' + source.cp() + ',' + day + '\n';
  }

  private static String perturbed(Source source, SplittableRandom random) {
    var address = source.address();
    boolean written = PINCODE.matcher(address).find();
    double pincode = random.nextDouble();
    if (pincode < 0.15) address = PINCODE.matcher(address).replaceAll(" ");
    else if (pincode < 0.25) address = PINCODE.matcher(address).replaceAll("$1 $2");
    else if (pincode < 0.3 && !written) address += " - " + source.pincode();
    var words = new ArrayList<>(Arrays.asList(address.strip().split("\\s+")));
    for (int i = 0; i < words.size(); i++) words.set(i, word(words.get(i), random));
    if (words.size() > 4 && random.nextDouble() < 0.3) drop(words, random);
    if (words.size() > 3 && random.nextDouble() < 0.2) swap(words, random);
    if (random.nextDouble() < 0.4) {
      var door = DOORS.get(random.nextInt(DOORS.size()));
      words.add(0, door.formatted(1 + random.nextInt(999)));
    }
    var text = String.join(" ", words);
    double form = random.nextDouble();
    return form < 0.2 ? text.toLowerCase(Locale.ROOT) : form < 0.3 ? text.replace(",", " ") : text;
  }

  private static String word(String word, SplittableRandom random) {
    var match = WORD.matcher(word);
    if (!match.find()) return word;
    var letters = match.group();
    var others = SPELLINGS.get(letters.toUpperCase(Locale.ROOT));
    if (others != null && random.nextDouble() < 0.4) {
      letters = others.get(random.nextInt(others.size()));
    } else if (random.nextDouble() < 0.05) {
      letters = misspelt(letters, random);
    }
    return word.substring(0, match.start()) + letters + word.substring(match.end());
  }

  /** One letter left out, doubled, replaced, or exchanged with the next. */
  private static String misspelt(String word, SplittableRandom random) {
    int at = random.nextInt(word.length() - 1);
    var before = word.substring(0, at);
    var after = word.substring(at + 1);
    char letter = word.charAt(at);
    return switch (random.nextInt(4)) {
      case 0 -> before + after;
      case 1 -> before + letter + letter + after;
      case 2 -> before + (char) ('a' + random.nextInt(26)) + after;
      default -> before + after.charAt(0) + letter + after.substring(1);
    };
  }

  /** Drops a word; halves of a pincode and longer numbers stay. */
  private static void drop(List<String> words, SplittableRandom random) {
    int at = random.nextInt(words.size());
    if (!words.get(at).matches(".*\\d{3,}.*")) words.remove(at);
  }

  private static void swap(List<String> words, SplittableRandom random) {
    int at = random.nextInt(words.size() - 1);
    // The halves of a pincode keep their order.
    if (words.get(at).matches(".*\\d{3,}.*") || words.get(at + 1).matches(".*\\d{3,}.*")) return;
    words.add(at, words.remove(at + 1));
  }

  private static Map<String, List<String>> spellings(String... groups) {
    var spellings = new HashMap<String, List<String>>();
    for (var group : groups) {
      var words = List.of(group.split(" "));
      for (var word : words) {
        spellings
            .computeIfAbsent(word, w -> new ArrayList<>())
            .addAll(words.stream().filter(other -> !other.equals(word)).toList());
      }
    }
    return spellings;
  }
}
