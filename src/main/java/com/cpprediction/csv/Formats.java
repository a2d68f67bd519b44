package com.cpprediction.csv;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names the format of a file that is not CSV, by its first bytes. */
final class Formats {
  /** Bytes of a file that {@link #named} looks at. */
  static final int HEAD = 8192;

  private static final String SAVE =
      "open it in a spreadsheet program and save it as CSV, in UTF-8";
  private static final String UNPACK =
      "unpack it and name the file in it; only gzip is read packed";
  private static final String EXPORT = "export its table as CSV";

  /**
   * A format and its first bytes.
   *
   * @param magic hexadecimal
   */
  private record Format(String magic, String name, String remedy) {
    private boolean begins(byte[] head) {
      var bytes = HexFormat.of().parseHex(magic);
      return head.length >= bytes.length
          && Arrays.equals(bytes, 0, bytes.length, head, 0, bytes.length);
    }
  }

  private static final List<Format> BINARY =
      List.of(
          new Format("d0cf11e0a1b11ae1", "an old Excel workbook (.xls)", SAVE),
          new Format("255044462d", "a PDF", EXPORT + " from the program that wrote it"),
          new Format("425a68", "compressed by bzip2", UNPACK),
          new Format("28b52ffd", "compressed by Zstandard", UNPACK),
          new Format("fd377a585a00", "compressed by xz", UNPACK),
          new Format("04224d18", "compressed by LZ4", UNPACK),
          new Format("1f9d", "compressed by compress (.Z)", UNPACK),
          new Format("377abcaf271c", "a 7-Zip archive", UNPACK),
          new Format("526172211a07", "a RAR archive", UNPACK),
          new Format("53514c69746520666f726d61742033", "an SQLite database", EXPORT),
          new Format("50415231", "a Parquet file", EXPORT),
          new Format("7b5c727466", "a text document (RTF)", SAVE),
          new Format("89504e470d0a1a0a", "a picture", "type its rows into a table"),
          new Format("ffd8ff", "a picture", "type its rows into a table"));

  /** No program writes these into the names of columns. */
  private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}&&[^\t\\u0080-\\u009f]]");

  private static final int TAR_MAGIC = 257;

  private Formats() {}

  /** Whether a file is compressed by gzip (RFC 1952). */
  static boolean isGzip(byte[] head) {
    return head.length > 2 && (head[0] & 0xff) == 0x1f && (head[1] & 0xff) == 0x8b && head[2] == 8;
  }

  /**
   * What a file is and how to get CSV of it, as the end of a sentence.
   *
   * @param head its first bytes
   * @return null for text that may be CSV
   */
  static @Nullable String named(byte[] head) {
    if (isGzip(head)) return "compressed by gzip twice; unpack it once";
    if (has(head, 0, "PK\u0003\u0004") || has(head, 0, "PK\u0005\u0006")) return zip(head);
    for (var format : BINARY) {
      if (format.begins(head)) return format.name() + "; " + format.remedy();
    }
    if (has(head, TAR_MAGIC, "ustar")) return "a tar archive; " + UNPACK;
    return null;
  }

  /**
   * As {@link #named}, of text.
   *
   * @param start of the text, without a byte order mark
   */
  static @Nullable String namedText(String start) {
    var text = start.strip().toLowerCase(Locale.ROOT);
    if (text.startsWith("<?xml") || text.startsWith("<html") || text.startsWith("<!doctype")) {
      return "XML or HTML, as some programs write for .xls; " + SAVE;
    }
    if (text.startsWith("<table")) return "HTML; " + SAVE;
    if (text.startsWith("{\"") || text.startsWith("[{") || text.equals("{") || text.equals("[")) {
      return "JSON; write its values as CSV, with a header line";
    }
    return CONTROL.matcher(start).find() ? "not text" : null;
  }

  private static String zip(byte[] head) {
    var text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.contains("opendocument.spreadsheet")) {
      return "an OpenDocument spreadsheet (.ods); " + SAVE;
    }
    if (text.contains("word/") || text.contains("opendocument.text")) {
      return "a text document; " + EXPORT;
    }
    if (text.contains("[Content_Types].xml") || text.contains("xl/") || text.contains("_rels/")) {
      return "an Excel workbook (.xlsx); " + SAVE;
    }
    return "a ZIP archive; " + UNPACK;
  }

  private static boolean has(byte[] head, int at, String magic) {
    var bytes = magic.getBytes(StandardCharsets.ISO_8859_1);
    return head.length >= at + bytes.length
        && Arrays.equals(bytes, 0, bytes.length, head, at, at + bytes.length);
  }
}
