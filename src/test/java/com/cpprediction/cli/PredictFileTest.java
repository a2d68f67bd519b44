package com.cpprediction.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code predict --in} with files as people and their programs write them. */
class PredictFileTest {
  private static final String OURS = "cp,confidence,cp2,confidence2,cp3,confidence3,problem,reason";
  private static final String PLACE = "Bunts Hostel Road, Mangalore";

  @TempDir private Path dir;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private int predict(byte[] content) throws IOException {
    return predict(Files.write(dir.resolve("in.csv"), content));
  }

  private int predict(String... lines) throws IOException {
    return predict(String.join("\n", lines).getBytes(UTF_8));
  }

  private int predict(Path in) {
    var models = SmallRelease.directory().toString();
    return run("predict", "--models", models, "--in", in.toString(), "--out", output().toString());
  }

  private Path output() {
    return dir.resolve("out.csv");
  }

  private List<String> written() throws IOException {
    return Files.readAllLines(output());
  }

  /** What a row without pincode problems ends with. */
  private static String predicted(String line) {
    var matched = line.matches(".*[,;\t|]CP\\d+[,;\t|]0\\.\\d{6}.*");
    return matched ? "predicted" : "not: " + line;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "575003",
        "575003.0",
        "575003.00",
        "'575003",
        "575 003",
        "57 50 03",
        "5.75003E5",
        "5.75003E+05",
        "575-003",
        "=\"575003\"",
        "५७५००३",
        "\u00a0575003\u00a0",
        "575.003",
        "5,75,003",
        "575,003.00",
        "PIN 575003"
      })
  void readsAPincodeAsSpreadsheetsWriteIt(String pincode) throws IOException {
    var plain = predict("address,pincode", '"' + PLACE + "\",575003");
    assertThat(plain).isZero();
    var expected = written().get(1).replaceFirst(".*,575003,", "");

    var typed = '"' + pincode.replace("\"", "\"\"") + '"';
    assertThat(predict("address,pincode", '"' + PLACE + "\"," + typed)).isZero();

    assertThat(written().get(1)).endsWith(expected);
    assertThat(out.toString()).contains("1 row written to", ": 1 predicted, 0 not");
  }

  @Test
  void aPincodeThatIsNoneHasAReasonAndOneThatIsAbsentDoesNot() throws IOException {
    int exit =
        predict(
            "address,pincode",
            "Hostel Road Mangalore,5.8E+05",
            "Hostel Road Mangalore,57503",
            "Hostel Road Mangalore,NaN",
            "Hostel Road Mangalore,",
            "Hostel Road Mangalore,#N/A");

    assertThat(exit).isZero();
    var lines = written();
    assertThat(lines).hasSize(6);
    assertThat(lines.get(1))
        .endsWith(
            ",malformed-request,\"pincode \"\"5.8e+05\"\" has lost digits; format its column as"
                + " text\"");
    assertThat(lines.get(2)).endsWith(",malformed-request,pincode is not six digits");
    assertThat(lines.subList(3, 6)).allMatch(line -> predicted(line).equals("predicted"));
    assertThat(out.toString())
        .contains("5 rows written to", ": 3 predicted, 2 not")
        .contains("  2: pincode ", "(first in line 2)");
  }

  @Test
  void failsWhenNoRowCouldBePredicted() throws IOException {
    assertThat(predict("address,pincode", "Hostel Road,5750", "---,575003")).isEqualTo(1);

    assertThat(written()).hasSize(3);
    assertThat(out.toString())
        .contains("2 rows written to", ": 0 predicted, 2 not", "  1: pincode is not six digits")
        .contains("  1: address has no letter or digit")
        .contains("(in line 2)", "(in line 3)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Address|Pincode",
        "ADDRESS|pin_code",
        "Delivery Address|PIN Code",
        "Customer Address|Zip",
        "Full Address|Postal Code",
        "Shipping Address|Shipping Zip",
        "Consignee Address|Destination Pincode",
        "delivery_address|Delivery PIN",
        "Ship To Address|Zip / Postal Code",
        "address|Pin No.",
        "पता|पिन कोड"
      })
  void readsTheNamesOfColumnsAsPeopleWriteThem(String address, String pincode) throws IOException {
    int exit =
        predict(
            "AWB,%s,Order ID,%s".formatted(address, pincode),
            "A1,Main Road,7,575003",
            "A2,Main Road,8,831001");

    assertThat(exit).isZero();
    var lines = written();
    assertThat(lines.get(0)).isEqualTo("AWB,%s,Order ID,%s,%s".formatted(address, pincode, OURS));
    assertThat(lines.get(1)).startsWith("A1,Main Road,7,575003,CP");
    assertThat(lines.get(2)).startsWith("A2,Main Road,8,831001,CP");
    assertThat(cp(lines.get(1))).isNotEqualTo(cp(lines.get(2)));
    assertThat(err.toString()).contains("pincode is read from the column \"" + pincode + '"');
  }

  private static String cp(String line) {
    return line.split(",")[4];
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Address,Delivery Address,pincode | several columns that may be the address: \"Address\" and"
            + " \"Delivery Address\"; name the one to read \"address\"",
        "address,Pin Code,Zip | several columns that may be the pincode: \"Pin Code\" and \"Zip\"",
        "address,address | several columns that may be the address",
        "AWB,Where To,pincode | lacks the column address: its first line has \"AWB\", \"Where"
            + " To\", \"pincode\"",
        "Address Line 1,Address Line 2,City,Pincode | join \"Address Line 1\" and \"Address Line"
            + " 2\" in one column, named \"address\"",
      })
  void saysWhichColumnsItSawWhenTheyAreNoHelp(String names, String said) throws IOException {
    assertThat(predict(names, "a,b,c,d")).isEqualTo(1);

    assertThat(err.toString()).startsWith(dir.resolve("in.csv") + " ").contains(said);
    assertThat(output()).doesNotExist();
  }

  @Test
  void theExactNameOfAColumnGoesBeforeOthers() throws IOException {
    assertThat(predict("Pickup Address,address,Delivery Address", "x,Hostel Road 575003,y"))
        .isZero();

    assertThat(err.toString()).contains("No column is a pincode, of: Pickup Address, address, ");
    assertThat(predicted(written().get(1))).isEqualTo("predicted");
  }

  @Test
  void ownColumnsTakeOtherNamesWhereTheInputHasTheirs() throws IOException {
    predict("address,pincode,CP", "Hostel Road,575003,mine");
    var first = written();
    assertThat(first.get(0))
        .isEqualTo("address,pincode,CP," + OURS.replaceAll("(^|,)", "$1predicted_"));
    assertThat(first.get(1)).startsWith("Hostel Road,575003,mine,CP");

    var again = Files.copy(output(), dir.resolve("again.csv"));
    assertThat(predict(again)).isZero();

    assertThat(written().get(0))
        .startsWith(first.get(0) + ",predicted_predicted_cp,predicted_predicted_confidence");
  }

  static Stream<List<String>> unclosed() {
    return Stream.of(
        List.of("\"Main Road,575003", "Main Road,575003"),
        List.of("\"Main Road,575003", "\"Main Road, Mangalore\",575003"),
        List.of("Main Road,\"575003", "\"Main Road, Mangalore\",\"575003\""),
        List.of("5\" pipe Road,575003", "\"3\"\" pipe Road\",575003"),
        List.of("\"Om \"Nivas\" Building\",575003", "\"A\" block Road,575003"),
        List.of("\"Main Road,575003", "Pipe Road 5\",575003"));
  }

  @ParameterizedTest
  @MethodSource("unclosed")
  void aQuoteThatIsNotClosedKeepsItsLineToItself(List<String> rows) throws IOException {
    var lines = new ArrayList<String>();
    lines.add("address,pincode");
    for (int i = 0; i < 100; i++) lines.add("Main Road " + i + ",575003");
    lines.addAll(50, rows);

    assertThat(predict(lines.toArray(String[]::new))).isZero();

    assertThat(written()).hasSize(103);
    assertThat(written().subList(1, 103)).allMatch(row -> predicted(row).equals("predicted"));
    assertThat(out.toString()).contains("102 rows written", ": 102 predicted, 0 not");
    boolean open = rows.get(0).startsWith("\"Main") || rows.get(0).endsWith("\"575003");
    assertThat(err.toString().contains("has a quote in line 51 that is not closed; 1 line was"))
        .as(err.toString())
        .isEqualTo(open);
  }

  @Test
  void anUnclosedQuoteThatHidesASeparatorRefusesItsRowOnly() throws IOException {
    var lines = new ArrayList<>(Collections.nCopies(395, "\"Main Road, Mangalore\",575003"));
    lines.add(0, "address,pincode");
    lines.set(51, "\"Main Road, Mangalore,575003");

    assertThat(predict(lines.toArray(String[]::new))).isZero();

    assertThat(written()).hasSize(396);
    assertThat(written().get(51)).endsWith(",malformed-request,a quote is not closed");
    assertThat(out.toString())
        .contains(
            "395 rows written", ": 394 predicted, 1 not", "a quote is not closed (in line 52)");
  }

  @Test
  void aValueMayHaveLineBreaks() throws IOException {
    var address = "\"Flat 4\r\n\"\"Om Nivas\"\"\n\nHostel Road,\rMangalore\"";

    assertThat(predict("id,address,pincode", "1," + address + ",575003", "2,Main Road,575003"))
        .isZero();

    assertThat(Files.readString(output())).contains("1," + address + ",575003,CP", "\n2,Main Road");
    assertThat(out.toString()).contains("2 rows written", ": 2 predicted, 0 not");
    assertThat(err.toString()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "address,pincode|\"12 MG Road|Bangalore,575003|India\",575003|Next Road,575003",
        "id,address,pincode|1,\"12 MG|MG Road, Bangalore, 575003|India\",575003|2,Road,575003",
        "id,address|1,\"House 1|MG Road, Mangalore 575003\"|2,Road 575003",
        "id,address,pincode|1,\"4,Om|Hostel Road,Kadri,Blr|India\",575003|2,Road,575003"
      })
  void aLineWithinAValueMayLookLikeARow(String lines) throws IOException {
    assertThat(predict(lines.replace('|', '\n').getBytes(UTF_8))).isZero();

    assertThat(out.toString()).contains("2 rows written", ": 2 predicted, 0 not");
    assertThat(err.toString()).doesNotContain("quote");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "id,address|1,\"House 1 575003|2,Road 575003|3,door 7 575003\"|4,Road 575003",
        "id,address,pincode|1,\"Road 575003,NA|2,Road 575003,NA|3,Rd 575003\",NA|4,Rd 575003,NA",
        "id,address,pincode|1,\"Road 575003,|2,Road 575003,|3,Road 575003\",|4,Road 575003,",
        "pincode,address,city|575003,\"Road,Blr|575003,Y Road 5\",Blr|575003,A,B|575003,C,D"
      })
  void anUnclosedQuoteWithoutAPincodeBehindItSwallowsNoRow(String lines) throws IOException {
    assertThat(predict(lines.replace('|', '\n').getBytes(UTF_8))).isZero();

    assertThat(out.toString()).contains("4 rows written", ": 4 predicted, 0 not");
    assertThat(err.toString()).contains("has a quote in line 2 that is not closed");
  }

  @Test
  void appendsToADescriptorThatIsRedirectedToAFile() throws IOException {
    var all = Files.writeString(dir.resolve("all.csv"), "kept\n").toRealPath();
    var in = Files.writeString(dir.resolve("in.csv"), "address\nRoad 575003\n").toString();
    var models = SmallRelease.directory().toString();
    try (var open = new FileOutputStream(all.toFile(), true);
        var descriptors = Files.list(Path.of("/proc/self/fd"))) {
      assertThat(open.getFD().valid()).isTrue();
      var descriptor = descriptors.filter(link -> leadsTo(link, all)).findFirst().orElseThrow();

      int exit = run("predict", "--models", models, "--in", in, "--out", descriptor.toString());

      assertThat(exit).isZero();
    }
    assertThat(Files.readAllLines(all)).hasSize(3).startsWith("kept", "address," + OURS);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).contains("1 row written to");
  }

  private static boolean leadsTo(Path link, Path file) {
    try {
      return Files.readSymbolicLink(link).equals(file);
    } catch (IOException e) {
      return false; // closed since the listing
    }
  }

  @Test
  void readsAPipe() throws Exception {
    var pipe = dir.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    var writer =
        CompletableFuture.runAsync(
            () -> {
              try {
                Files.writeString(pipe, "address,pincode\nRoad,575003\n", APPEND);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });

    assertThat(predict(pipe)).isZero();

    writer.get();
    assertThat(out.toString()).contains("1 row written", ": 1 predicted, 0 not");
  }

  @Test
  void aRowWithMoreValuesThanColumnsSaysSo() throws IOException {
    assertThat(predict("pincode,address", "575003,4,Hostel Road", "575003,Hostel Road,,")).isZero();

    assertThat(written().get(1))
        .startsWith("575003,\"4,Hostel Road\",,")
        .contains(
            "the row has 3 values, the first line names 2 columns; put a value that contains");
    assertThat(predicted(written().get(2))).isEqualTo("predicted");
  }

  @ParameterizedTest
  @ValueSource(strings = {",", ";", "\t", "|"})
  void findsTheSeparatorAndWritesWithIt(String separator) throws IOException {
    var names = String.join(separator, "AWB", "Delivery Address", "Pincode");
    var row = String.join(separator, "A1", "\"4, Hostel Road; Mangalore | \t South\"", "575003");

    assertThat(predict(names, row)).isZero();

    assertThat(written().get(0)).isEqualTo(names + separator + OURS.replace(",", separator));
    assertThat(written().get(1)).startsWith(row + separator + "CP");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sep=;", "SEP=;", "\"sep=;\"", "sep=;;;"})
  void aFirstLineMayNameTheSeparator(String line) throws IOException {
    int exit = predict(line, "address;pincode", "4, Hostel Road;5,75,003");

    assertThat(exit).isZero();
    assertThat(written().get(1)).startsWith("4, Hostel Road;5,75,003;CP");
  }

  @Test
  void writesWithAnySeparatorThatAFileNames() throws IOException {
    assertThat(predict("sep=#", "address#pincode", "Hostel Road#575003")).isZero();

    assertThat(written().get(1)).startsWith("Hostel Road#575003#CP");
    assertThat(predict("sep=\"", "address\"pincode", "Hostel Road\"575003")).isEqualTo(1);
    assertThat(err.toString()).contains("lacks the column address").doesNotContain("Exception");
  }

  @Test
  void readsAndWritesWithTheSeparatorOfTheOption() throws IOException {
    var in = Files.writeString(dir.resolve("in.csv"), "address^pincode\nHostel Road^575003\n");
    var models = SmallRelease.directory().toString();
    var files = List.of("--in", in.toString(), "--out", output().toString());

    var arguments = new ArrayList<>(List.of("predict", "--models", models, "--separator", "^"));
    arguments.addAll(files);
    assertThat(run(arguments.toArray(String[]::new))).isZero();

    assertThat(written().get(1)).startsWith("Hostel Road^575003^CP");
    assertThat(run("predict", "--separator", "^", PLACE)).isEqualTo(2);
    assertThat(err.toString()).startsWith("--separator goes with --in");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"Address\n(full)\",\"Pin Code\",City",
        "\"Delivery\nAddress\",\"Pin\nCode\",City",
        "To Address,Pincode (Destination),City",
        "Address Line,Pin/Zip,City",
        "Address [as typed],Area Pincode,City",
        "Address,To Pincode,City"
      })
  void readsNamesWithLineBreaksAndRemarks(String names) throws IOException {
    assertThat(predict(names, "Hostel Road,575003,Blr")).isZero();

    assertThat(Files.readString(output())).contains("\nHostel Road,575003,Blr,CP");
    assertThat(out.toString()).contains("1 row written", ": 1 predicted, 0 not");
    assertThat(err.toString()).contains("pincode is read from the column");
  }

  @Test
  void aFileWithoutRowsHasNoPrediction() throws IOException {
    assertThat(predict("address,pincode", "")).isEqualTo(1);

    assertThat(err.toString()).contains("has no rows below its header");
    assertThat(written()).hasSize(1);
  }

  @Test
  void aFileWithOneColumnHasNoSeparator() throws IOException {
    assertThat(predict("Address", "4, Hostel Road, Mangalore 575003", "\"5, Road; 831001\""))
        .isZero();

    assertThat(written().get(1)).startsWith("\"4, Hostel Road, Mangalore 575003\",CP");
    assertThat(written().get(2)).startsWith("\"5, Road; 831001\",CP").hasSizeGreaterThan(30);
  }

  static Stream<byte[]> encodings() throws IOException {
    var text = "AWB\tAddress\tPincode\r\nA1\tKöln Café Road, मंगलूर\t575003\r\n";
    return Stream.of(
        text.getBytes(UTF_8),
        ("\ufeff" + text).getBytes(UTF_8),
        ("\ufeff" + text).getBytes(UTF_16LE),
        ("\ufeff" + text).getBytes(UTF_16BE),
        text.replace("\r\n", "\n").getBytes(UTF_8),
        text.replace("\r\n", "\r").getBytes(UTF_8),
        ("\ufeff" + text.replace("\r\n", "\r")).getBytes(UTF_16LE),
        gzip(text.getBytes(UTF_8)),
        gzip(("\ufeff" + text).getBytes(UTF_16LE)),
        text.strip().getBytes(UTF_8));
  }

  @ParameterizedTest
  @MethodSource("encodings")
  void readsTheEncodingsThatSpreadsheetsWrite(byte[] content) throws IOException {
    assertThat(predict(content)).isZero();

    var text = Files.readString(output());
    assertThat(text.replace("\ufeff", ""))
        .startsWith("AWB\tAddress\tPincode\tcp\t")
        .contains("\nA1\tKöln Café Road, मंगलूर\t575003\tCP");
    boolean marked = (content[0] & 0xff) >= 0xef;
    if ((content[0] & 0xff) != 0x1f) assertThat(text.startsWith("\ufeff")).isEqualTo(marked);
    assertThat(err.toString()).doesNotContain("not in UTF-8");
  }

  @Test
  void readsLinesInWindows1252AndSaysSo() throws IOException {
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes("address,pincode\nरोड 1,575003\n".getBytes(UTF_8));
    bytes.writeBytes("Café “Road”,575003\n".getBytes(Charset.forName("windows-1252")));
    bytes.writeBytes("Caf\u00e9 Road,575003\n".getBytes(ISO_8859_1));
    bytes.writeBytes("Café Road,575003\n".getBytes(UTF_8));

    assertThat(predict(bytes.toByteArray())).isZero();

    assertThat(err.toString())
        .contains("is not in UTF-8 from line 3 on; 2 lines were read as Windows-1252");
    assertThat(Files.readString(output())).contains("\nरोड 1,", "\nCafé “Road”,", "\nCafé Road,");
  }

  @Test
  void aFileInUtf16WithoutAMarkIsRead() throws IOException {
    assertThat(predict("address,pincode\nHostel Road,575003\n".getBytes(UTF_16LE))).isZero();

    assertThat(Files.readString(output())).contains("\nHostel Road,575003,CP");
  }

  static Stream<org.junit.jupiter.params.provider.Arguments> others() throws IOException {
    return Stream.of(
            new Object[] {
              zip("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (.xlsx)"
            },
            new Object[] {zip("_rels/.rels", "docProps/app.xml"), "an Excel workbook (.xlsx)"},
            new Object[] {
              zip("mimetype=application/vnd.oasis.opendocument.spreadsheet"),
              "an OpenDocument spreadsheet (.ods); open it in a spreadsheet program and save it as CSV"
            },
            new Object[] {zip("addresses.csv"), "a ZIP archive; unpack it"},
            new Object[] {hex("d0cf11e0a1b11ae10000"), "an old Excel workbook (.xls)"},
            new Object[] {"%PDF-1.7\n".getBytes(UTF_8), "a PDF; export its table as CSV"},
            new Object[] {"BZh91AY&SY".getBytes(UTF_8), "compressed by bzip2; unpack it"},
            new Object[] {hex("28b52ffd24"), "compressed by Zstandard"},
            new Object[] {hex("fd377a585a0000"), "compressed by xz"},
            new Object[] {hex("377abcaf271c0004"), "a 7-Zip archive"},
            new Object[] {gzip(gzip(new byte[] {1})), "compressed by gzip twice"},
            new Object[] {gzip(zip("a.csv")), "a ZIP archive"},
            new Object[] {"<?xml version=\"1.0\"?>".getBytes(UTF_8), "XML or HTML"},
            new Object[] {" <html><table>".getBytes(UTF_8), "XML or HTML"},
            new Object[] {"{\"address\": \"x\"}".getBytes(UTF_8), "JSON"},
            new Object[] {new byte[] {5, 0, 7, 0, 0, 0, 9, 1}, "not text"},
            new Object[] {hex("a7e53b01c64f0d3b9f10ff"), "not text"})
        .map(org.junit.jupiter.params.provider.Arguments::of);
  }

  @ParameterizedTest
  @MethodSource("others")
  void saysWhatAFileIsThatIsNotCsv(byte[] content, String said) throws IOException {
    assertThat(predict(content)).isEqualTo(1);

    assertThat(err.toString()).startsWith(dir.resolve("in.csv") + " is " + said);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(output()).doesNotExist();
  }

  private static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  private static byte[] gzip(byte[] content) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }

  /** Entries, each of a name and, behind {@code =}, its content. */
  private static byte[] zip(String... entries) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      for (var entry : entries) {
        var parts = entry.split("=");
        zip.setMethod(ZipOutputStream.STORED);
        var content = (parts.length > 1 ? parts[1] : "").getBytes(StandardCharsets.US_ASCII);
        var stored = new ZipEntry(parts[0]);
        var crc = new java.util.zip.CRC32();
        crc.update(content);
        stored.setSize(content.length);
        stored.setCrc(crc.getValue());
        zip.putNextEntry(stored);
        zip.write(content);
      }
    }
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"--in", "ADDRESS"})
  void checksTheInputBeforeAnyModelIsLoaded(String what) throws IOException {
    var absent = dir.resolve("no-models").toString();
    var in = Files.writeString(dir.resolve("in.csv"), "street\nx\n").toString();
    var out = output().toString();

    int code =
        what.equals("--in")
            ? run("predict", "--models", absent, "--in", in, "--out", out)
            : run("predict", "--models", absent, "--pincode", "57500", "Hostel Road");

    assertThat(code).isEqualTo(1);
    assertThat(err.toString())
        .contains(what.equals("--in") ? "lacks the column address" : "pincode must be six digits")
        .doesNotContain("no-models");
  }

  @Test
  void needsTheModelsOfItsAddressesOnly() throws IOException {
    var release = SmallRelease.copyTo(dir.resolve("release"));
    Files.delete(release.resolve("831").resolve("model.mmap"));

    assertThat(run("predict", "--models", release.toString(), "Hostel Road 575003")).isZero();
    assertThat(err.toString()).isEmpty();
    assertThat(run("predict", "--models", release.toString(), "--json", "Road 831001"))
        .isEqualTo(1);
    var problem = new JsonObject(out.toString());
    assertThat(problem.getString("code")).isEqualTo("not-ready");
    assertThat(problem.getString("detail")).contains("The model of prefix 831 can't be used");
  }

  @Test
  void withJsonAFailureIsAProblemDocument() throws IOException {
    var models = SmallRelease.directory().toString();

    assertThat(run("predict", "--models", models, "--json", "zzyzx")).isEqualTo(1);
    var required = new JsonObject(out.toString());
    assertThat(required.getString("code")).isEqualTo("pincode-required");
    assertThat(required.getInteger("status")).isEqualTo(422);
    assertThat(required.getString("type")).isEqualTo("urn:cp:problem:pincode-required");
    assertThat(run("predict", "--models", models, "--json", ".")).isEqualTo(1);
    assertThat(new JsonObject(out.toString()).getString("code")).isEqualTo("malformed-request");
    var none = dir.resolve("none").toString();
    assertThat(run("predict", "--models", none, "--json", "Road 575003")).isEqualTo(1);
    assertThat(new JsonObject(out.toString()).getString("detail"))
        .startsWith("No model could be loaded from " + none);
    assertThat(run("predict", "--models", models, "--json", "--in", none, "--out", none))
        .isEqualTo(1);
    assertThat(new JsonObject(out.toString()).getString("detail"))
        .isEqualTo("There is no file " + none);
  }

  @Test
  void withJsonTheCountsOfAFileAreJson() throws IOException {
    var in = Files.writeString(dir.resolve("in.csv"), "address\nRoad 575003\n-\n").toString();

    int exit =
        run(
            "predict",
            "--json",
            "--models",
            SmallRelease.directory().toString(),
            "--in",
            in,
            "--out",
            output().toString());

    assertThat(exit).isZero();
    var counts = new JsonObject(out.toString());
    assertThat(counts.getMap())
        .containsEntry("rows", 2)
        .containsEntry("predicted", 1)
        .containsEntry("unpredicted", 1);
    assertThat(counts.getJsonArray("notes").getString(0)).startsWith("No column is a pincode");
    assertThat(counts.getJsonArray("reasons").getJsonObject(0).getMap())
        .containsEntry("rows", 1)
        .containsEntry("first_line", 3)
        .containsKey("reason");
  }
}
