package com.cpprediction.model.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * The file of a prefix's model: a header, a table of sections, the sections. Little-endian and
 * 8-byte aligned, so that sections are used directly from a mapping.
 *
 * <pre>
 * offset  bytes  what
 * 0       4      magic "CPMF"
 * 4       4      format version
 * 8       4      number of sections n
 * 12      4      CRC-32C of the table
 * 16      24 n   per section: id (4), CRC-32C of its content (4), offset from the start of the
 *                file (8), bytes (8); in the order of the ids, without gaps but for alignment
 * </pre>
 */
public final class ModelFile {
  /** Version of the file layout and of the sections' semantics. */
  public static final int VERSION = 3;

  private static final int MAGIC = 'C' | 'P' << 8 | 'M' << 16 | 'F' << 24;
  private static final int HEADER = 16;
  private static final int ENTRY = 24;
  private static final int ALIGNMENT = 8;
  private static final int PIECE = 8_192;
  private static final int TABLE_END = HEADER + Section.values().length * ENTRY;

  /** The sections; the ordinal is the id in the file. */
  public enum Section {
    /** i32: CPs, offices, pincodes; counted addresses of all CPs, and offices. */
    COUNTS,
    /** i32: start of each bucket's n-grams in GRAM_ENTRY, and the end of the last. */
    GRAM_BUCKET,
    /**
     * u64 by n-gram, ascending: bits 0-23 the lower bits of its fingerprint; 24-47 the start of its
     * list in GRAM_LIST, or the CP where it occurs once only; 48-55 its occurrences at all CPs (a
     * level); 56-63 how rare it is among all prefixes, in steps of 1/32 of a natural logarithm.
     */
    GRAM_ENTRY,
    /**
     * Of each n-gram that occurs more than once: u8 the number n of CPs, or 255 and u16 n; n CPs,
     * ascending, u8 or (with more than 256 CPs) u16; n levels: counted addresses of the CP with it.
     */
    GRAM_LIST,
    /** UTF-8 codes of the CPs, ascending, each terminated by a line feed. */
    CP_CODE,
    /** i32 by CP: its own pincode, that of its office or of most addresses; 0 without either. */
    CP_PINCODE,
    /** i32 by CP: training addresses. */
    CP_ADDRESSES,
    /** i32 by CP: counted addresses, at most two of each place. */
    CP_PLACES,
    /**
     * f32 by CP, four each: sum of the counts of its words and pairs of words; L2 norm of their
     * weighted counts; the same two of its character n-grams.
     */
    CP_NORMS,
    /** i32 by CP: its own office, -1 when it has none. */
    CP_OFFICE,
    /** i32 by CP: its first office; those of the next CP follow. */
    CP_OFFICES,
    /** u8 by office: number of distinct words of its name. */
    OFFICE_WORDS,
    /** f32 by office: sum of the weights of the distinct character n-grams of its name. */
    OFFICE_WEIGHT,
    /** A line of ASCII by office: its name without blanks, 64 characters at most; may be empty. */
    OFFICE_NAME,
    /** As GRAM_BUCKET, for the words and character n-grams of office names. */
    OFFICE_BUCKET,
    /** As GRAM_ENTRY, with offices for CPs. */
    OFFICE_ENTRY,
    /** As GRAM_LIST, with offices for CPs. */
    OFFICE_LIST,
    /** As GRAM_BUCKET, for the words of the taluks and districts of offices. */
    REGION_BUCKET,
    /** As GRAM_ENTRY, with one occurrence for each CP that lies there. */
    REGION_ENTRY,
    /** As GRAM_LIST. */
    REGION_LIST,
    /** i32, ascending: the pincodes of training addresses and CPs. */
    PINCODE,
    /** i32: start of each pincode's pairs in PINCODE_CP, and the end of the last. */
    PINCODE_LIST,
    /** i32, two each, ascending CP: a CP and the number of its addresses with the pincode. */
    PINCODE_CP
  }

  private final Map<Section, ByteBuffer> sections;
  private final long bytes;

  private ModelFile(Map<Section, ByteBuffer> sections, long bytes) {
    this.sections = sections;
    this.bytes = bytes;
  }

  /**
   * Parses a file, mapped or on the heap, that must not be modified afterwards.
   *
   * @throws ModelException when the file has another version or inconsistent sections
   */
  public static ModelFile of(ByteBuffer file) {
    return new Reader(file.duplicate().order(ByteOrder.LITTLE_ENDIAN)).read();
  }

  public static ModelFile of(byte[] content) {
    return of(ByteBuffer.wrap(content));
  }

  /** The bytes of a section, little-endian, from position 0 to its limit. */
  public ByteBuffer section(Section section) {
    return Objects.requireNonNull(sections.get(section)).duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Size of the file. */
  long bytes() {
    return bytes;
  }

  private record Reader(ByteBuffer file) {
    ModelFile read() {
      if (file.limit() < HEADER || file.getInt(0) != MAGIC) {
        throw new ModelException("not a model file");
      }
      if (file.getInt(4) != VERSION) {
        throw new ModelException(
            "model file of version %d, this service reads version %d; train the release again"
                .formatted(file.getInt(4), VERSION));
      }
      int count = file.getInt(8);
      var all = Section.values();
      if (count != all.length || TABLE_END > file.limit()) {
        throw new ModelException("model file has " + count + " sections, not " + all.length);
      }
      if (crc(file.slice(HEADER, TABLE_END - HEADER)) != file.getInt(12)) {
        throw new ModelException("the table of sections is damaged (CRC differs)");
      }
      var sections = new EnumMap<Section, ByteBuffer>(Section.class);
      long end = TABLE_END;
      for (var section : all) {
        int entry = HEADER + section.ordinal() * ENTRY;
        long offset = file.getLong(entry + 8);
        long length = file.getLong(entry + 16);
        boolean fits =
            file.getInt(entry) == section.ordinal()
                && offset == aligned(end)
                && length >= 0
                && length <= file.limit() - offset;
        if (!fits) throw new ModelException("section " + section + " lies outside the model file");
        var content = file.slice((int) offset, (int) length);
        if (crc(content.duplicate()) != file.getInt(entry + 4)) {
          throw new ModelException("section " + section + " is damaged (CRC differs)");
        }
        sections.put(section, content);
        end = offset + length;
      }
      if (end != file.limit()) throw new ModelException("something follows the last section");
      return new ModelFile(sections, file.limit());
    }
  }

  /**
   * CRC-32C of the remaining bytes, which are copied in blocks: truncating a mapped file crashes
   * the JVM while native code reads it, but throws {@link InternalError} in Java code.
   */
  static int crc(ByteBuffer content) {
    var crc = new CRC32C();
    var piece = new byte[Math.min(PIECE, content.remaining())];
    while (content.hasRemaining()) {
      int length = Math.min(piece.length, content.remaining());
      content.get(piece, 0, length);
      crc.update(piece, 0, length);
    }
    return (int) crc.getValue();
  }

  private static long aligned(long offset) {
    return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Collects sections and writes the file. */
  public static final class Writer {
    private final Map<Section, byte[]> content = new EnumMap<>(Section.class);

    /** Starts with empty sections. */
    public Writer() {
      for (var section : Section.values()) content.put(section, new byte[0]);
    }

    /** Starts with the sections of {@code file}. */
    public static Writer of(ModelFile file) {
      var writer = new Writer();
      for (var section : Section.values()) {
        var content = file.section(section);
        var bytes = new byte[content.limit()];
        content.get(bytes);
        writer.putBytes(section, bytes);
      }
      return writer;
    }

    public Writer putBytes(Section section, byte[] bytes) {
      content.put(section, bytes);
      return this;
    }

    public Writer putInts(Section section, int... values) {
      var out = buffer(values.length * Integer.BYTES);
      out.asIntBuffer().put(values);
      return putBytes(section, out.array());
    }

    public Writer putFloats(Section section, float... values) {
      var out = buffer(values.length * Float.BYTES);
      out.asFloatBuffer().put(values);
      return putBytes(section, out.array());
    }

    public byte[] toBytes() {
      var all = Section.values();
      var table = buffer(TABLE_END - HEADER);
      long offset = TABLE_END;
      for (var section : all) {
        var bytes = Objects.requireNonNull(content.get(section));
        offset = aligned(offset);
        table.putInt(section.ordinal()).putInt(crc(ByteBuffer.wrap(bytes)));
        table.putLong(offset).putLong(bytes.length);
        offset += bytes.length;
      }
      var file = buffer(Math.toIntExact(offset));
      file.putInt(MAGIC).putInt(VERSION).putInt(all.length).putInt(crc(table.flip()));
      file.put(table.rewind());
      for (var section : all) {
        file.position((int) aligned(file.position()));
        file.put(content.get(section));
      }
      return file.array();
    }

    private static ByteBuffer buffer(int bytes) {
      return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
  }
}
