package com.cpprediction.model;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;

/**
 * The flat file that holds what is known of one prefix: a header, a table of sections, the
 * sections. Everything is little-endian and 8-byte aligned, so that a section is used straight from
 * a mapping.
 *
 * <pre>
 * offset  bytes  what
 * 0       4      magic "CPMF"
 * 4       4      format version
 * 8       4      number of sections
 * 12      4      zero
 * 16      24 n   per section: id (4), zero (4), offset from the start of the file (8), bytes (8)
 * </pre>
 */
public final class ModelFile {
  /** Version of the layout of the file and of the meaning of its sections. */
  public static final int VERSION = 1;

  private static final int MAGIC = 'C' | 'P' << 8 | 'M' << 16 | 'F' << 24;
  private static final int HEADER = 16;
  private static final int ENTRY = 24;
  private static final int ALIGNMENT = 8;

  /** The sections; the ordinal is the id in the file, so new ones go last. */
  public enum Section {
    /** i32: address rows, directory rows, CPs, offices, pincodes. */
    COUNTS,
    /** u16 by row: the CP it belongs to. Address rows come first, then directory rows. */
    ROW_CP,
    /** f32 by row: L2 norm of its words; 0 when it has none. */
    ROW_WORD_NORM,
    /** f32 by row: L2 norm of its character n-grams. */
    ROW_CHAR_NORM,
    /** i32: where the fingerprints of each bucket start; one more than there are buckets. */
    GRAM_BUCKET,
    /** i32, ascending unsigned: fingerprints of the n-grams that rows share. */
    GRAM_FINGERPRINT,
    /** i32: where in GRAM_POSTING the list of each n-gram starts, and the end of the last. */
    GRAM_LIST,
    /** u16 per list: how many rows hold the n-gram once, those rows, then those with more. */
    GRAM_POSTING,
    /** UTF-8 codes of the CPs, ascending, each ended by a line feed. */
    CP_CODE,
    /** i32 by CP: the pincode it belongs to. */
    CP_PINCODE,
    /** i32 by CP: its address rows. */
    CP_ROWS,
    /** f32 by CP: norm of the sum of its rows. */
    CP_NORM,
    /** i32 by CP: its own office, -1 when it has none. */
    CP_OFFICE,
    /** i32 by CP, two each: first office of its pincode, and the one after the last. */
    CP_OFFICES,
    /** f32 by CP: what one step of ALPHA is worth. */
    ALPHA_STEP,
    /** i8, a row of CPs by row of the index: the ridge's dual weights. */
    ALPHA,
    /** UTF-8 names of the offices, each ended by a line feed. */
    OFFICE_NAME,
    /** u8 by office: different words of its name. */
    OFFICE_WORDS,
    /** f32 by office: summed idf of the different character n-grams of its name. */
    OFFICE_WEIGHT,
    /** As GRAM_BUCKET, of the n-grams of office names. */
    OFFICE_BUCKET,
    /** As GRAM_FINGERPRINT, of the n-grams of office names. */
    OFFICE_FINGERPRINT,
    /** As GRAM_LIST, of the n-grams of office names. */
    OFFICE_LIST,
    /** u16 per list: zero or more offices, with the count first as in GRAM_POSTING. */
    OFFICE_POSTING,
    /** i32, ascending: the pincodes that rows carry or CPs own. */
    PINCODE,
    /** i32: where in PINCODE_CP the pairs of each pincode start, and the end of the last. */
    PINCODE_LIST,
    /** i32, two each, ascending CP: a CP and how many of its address rows carry the pincode. */
    PINCODE_CP
  }

  private final Map<Section, ByteBuffer> sections;
  private final long bytes;

  private ModelFile(Map<Section, ByteBuffer> sections, long bytes) {
    this.sections = sections;
    this.bytes = bytes;
  }

  /**
   * Reads a file that is mapped or in memory; the buffer must not change any more.
   *
   * @throws ModelException when the file is not one of this version or its sections don't fit
   */
  static ModelFile of(ByteBuffer file) {
    return new Reader(file).read();
  }

  /** Reads a file that is in memory. */
  public static ModelFile of(byte[] content) {
    return of(ByteBuffer.wrap(content));
  }

  /** The bytes of a section, little-endian, from position 0 to its limit. */
  ByteBuffer section(Section section) {
    return sections.get(section).duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Size of the whole file. */
  long bytes() {
    return bytes;
  }

  private record Reader(ByteBuffer file) {
    ModelFile read() {
      file.order(ByteOrder.LITTLE_ENDIAN);
      if (file.limit() < HEADER || file.getInt(0) != MAGIC) {
        throw new ModelException("not a model file");
      }
      if (file.getInt(4) != VERSION) {
        throw new ModelException(
            "model file of version " + file.getInt(4) + ", this service reads version " + VERSION);
      }
      int count = file.getInt(8);
      var all = Section.values();
      if (count != all.length || HEADER + (long) count * ENTRY > file.limit()) {
        throw new ModelException("model file has " + count + " sections, not " + all.length);
      }
      var sections = new EnumMap<Section, ByteBuffer>(Section.class);
      for (int i = 0; i < count; i++) {
        int entry = HEADER + i * ENTRY;
        long offset = file.getLong(entry + 8);
        long length = file.getLong(entry + 16);
        boolean fits =
            offset >= HEADER
                && length >= 0
                && offset % ALIGNMENT == 0
                && offset <= file.limit() - length;
        if (file.getInt(entry) != i || !fits) {
          throw new ModelException("section " + all[i] + " lies outside the model file");
        }
        sections.put(all[i], file.slice((int) offset, (int) length));
      }
      return new ModelFile(sections, file.limit());
    }
  }

  /** Collects sections and writes the file. */
  public static final class Writer {
    private final Map<Section, byte[]> content = new EnumMap<>(Section.class);

    public Writer putBytes(Section section, byte[] bytes) {
      content.put(section, bytes);
      return this;
    }

    public Writer putShorts(Section section, int... unsigned) {
      var out = buffer(unsigned.length * Short.BYTES);
      for (int value : unsigned) {
        if (value >>> Short.SIZE != 0) throw new IllegalArgumentException(value + " in " + section);
        out.putShort((short) value);
      }
      return putBytes(section, out.array());
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

    /** The whole file. */
    public byte[] toBytes() {
      var all = Section.values();
      var header = buffer(HEADER + all.length * ENTRY);
      header.putInt(MAGIC).putInt(VERSION).putInt(all.length).putInt(0);
      long offset = aligned(header.capacity());
      for (var section : all) {
        int length = content.get(section).length;
        header.putInt(section.ordinal()).putInt(0).putLong(offset).putLong(length);
        offset = aligned(offset + length);
      }
      var out = new ByteArrayOutputStream((int) offset);
      out.writeBytes(header.array());
      for (var section : all) {
        out.writeBytes(new byte[(int) (aligned(out.size()) - out.size())]);
        out.writeBytes(content.get(section));
      }
      return out.toByteArray();
    }

    private static ByteBuffer buffer(int bytes) {
      return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static long aligned(long offset) {
      return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
  }
}
