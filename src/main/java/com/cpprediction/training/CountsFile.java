package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.model.format.Release;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * The counts of a training, kept in the directory of its release for a later training that adds to
 * them. Holds a sample of the addresses; no part of the release, and never served.
 */
final class CountsFile {
  /** File name in the directory of a release. */
  static final String NAME = Release.COUNTS;

  private static final int MAGIC = 'C' | 'P' << 8 | 'C' << 16 | 'T' << 24;
  private static final int VERSION = 1;
  private static final int BUFFER = 1 << 16;

  private CountsFile() {}

  static void write(Path file, Collection<PrefixCounts> counts) throws IOException {
    try (var out =
        new DataOutputStream(
            new BufferedOutputStream(
                new GZIPOutputStream(Files.newOutputStream(file), BUFFER), BUFFER))) {
      out.writeInt(MAGIC);
      out.writeInt(VERSION);
      out.writeInt(counts.size());
      for (var own : counts) write(own, out);
    }
  }

  private static void write(PrefixCounts counts, DataOutputStream out) throws IOException {
    out.writeUTF(counts.prefix());
    out.writeInt(counts.cps().size());
    for (int cp = 0; cp < counts.cps().size(); cp++) {
      write(counts.cps().get(cp), out);
      out.writeInt(counts.addresses()[cp]);
      out.writeInt(counts.places()[cp]);
    }
    out.writeInt(counts.pincodes().size());
    for (var pincode : counts.pincodes().entrySet()) {
      out.writeInt(pincode.getKey());
      out.writeInt(pincode.getValue().size());
      for (var cp : pincode.getValue().entrySet()) {
        out.writeInt(cp.getKey());
        out.writeInt(cp.getValue());
      }
    }
    out.writeInt(counts.keys().length);
    for (int i = 0; i < counts.keys().length; i++) {
      out.writeLong(counts.keys()[i]);
      out.writeInt(counts.counts()[i]);
    }
    out.writeInt(counts.placeKeys().length);
    for (int key : counts.placeKeys()) out.writeInt(key);
    out.writeInt(counts.sample().size());
    for (var place : counts.sample()) {
      out.writeDouble(place.order());
      out.writeInt(place.texts().size());
      for (int i = 0; i < place.texts().size(); i++) {
        write(place.texts().get(i), out);
        out.writeInt(place.cps().get(i));
        out.writeInt(place.pincodes().get(i));
      }
    }
  }

  private static void write(String text, DataOutputStream out) throws IOException {
    var utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  /**
   * The counts in the directory of a release, by prefix.
   *
   * @throws InputException when there are none, or they can't be read
   */
  static SortedMap<String, PrefixCounts> read(Path release) {
    var counts = new TreeMap<String, PrefixCounts>();
    each(release, own -> counts.put(own.prefix(), own));
    return counts;
  }

  /** As {@link #read}, one prefix after the other, of which {@code use} need keep none. */
  static void each(Path release, Consumer<PrefixCounts> use) {
    var file = release.resolve(NAME);
    try (var in =
        new DataInputStream(
            new BufferedInputStream(
                new GZIPInputStream(Files.newInputStream(file), BUFFER), BUFFER))) {
      if (in.readInt() != MAGIC) throw damaged(file);
      int version = in.readInt();
      if (version != VERSION) {
        throw new InputException(
            "%s has version %d, this program reads version %d; train from all addresses again"
                .formatted(file, version, VERSION));
      }
      for (int left = in.readInt(); left > 0; left--) use.accept(readPrefix(in));
      if (in.read() >= 0) throw damaged(file); // the end has gzip check its CRC
    } catch (NoSuchFileException e) {
      throw new InputException(
          "%s has no %s, so nothing can be added to it; train it without --no-counts"
              .formatted(release, NAME));
    } catch (EOFException | ZipException | UTFDataFormatException | IllegalArgumentException e) {
      throw damaged(file);
    } catch (IOException e) {
      throw new InputException("Cannot read " + file + ": " + e.getMessage());
    }
  }

  private static InputException damaged(Path file) {
    return new InputException(file + " is damaged; train from all addresses again");
  }

  private static PrefixCounts readPrefix(DataInputStream in) throws IOException {
    var prefix = in.readUTF();
    int size = size(in);
    if (size > PrefixCounts.MAX_CPS) throw new IllegalArgumentException(size + " CPs");
    var cps = new ArrayList<String>();
    var addresses = new int[size];
    var places = new int[size];
    for (int cp = 0; cp < size; cp++) {
      cps.add(readText(in));
      addresses[cp] = in.readInt();
      places[cp] = in.readInt();
    }
    var pincodes = new TreeMap<Integer, TreeMap<Integer, Integer>>();
    for (int left = size(in); left > 0; left--) {
      var byCp = new TreeMap<Integer, Integer>();
      pincodes.put(in.readInt(), byCp);
      for (int more = size(in); more > 0; more--) byCp.put(cp(in, size), in.readInt());
    }
    int pairs = size(in);
    var keys = new long[Math.min(pairs, BUFFER)];
    var counts = new int[keys.length];
    for (int i = 0; i < pairs; i++) {
      if (i == keys.length) {
        keys = Arrays.copyOf(keys, grown(i, pairs));
        counts = Arrays.copyOf(counts, keys.length);
      }
      keys[i] = in.readLong();
      counts[i] = in.readInt();
      boolean ascends = i == 0 || keys[i - 1] < keys[i];
      if (!ascends || PrefixCounts.cp(keys[i]) >= size || counts[i] < 1) {
        throw new IllegalArgumentException("counts of no CP");
      }
    }
    int known = size(in);
    var placeKeys = new int[Math.min(known, BUFFER)];
    for (int i = 0; i < known; i++) {
      if (i == placeKeys.length) placeKeys = Arrays.copyOf(placeKeys, grown(i, known));
      placeKeys[i] = in.readInt();
    }
    var sample = new ArrayList<PrefixCounts.Place>();
    for (int left = size(in); left > 0; left--) sample.add(readPlace(in, size));
    return new PrefixCounts(
        prefix, cps, addresses, places, pincodes, keys, counts, sample, placeKeys, List.of());
  }

  /** An array grows as its content arrives: a damaged file may claim any size. */
  private static int grown(int length, int size) {
    return (int) Math.min(size, 2L * length);
  }

  private static PrefixCounts.Place readPlace(DataInputStream in, int cps) throws IOException {
    var place =
        new PrefixCounts.Place(
            in.readDouble(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int left = size(in); left > 0; left--) {
      place.texts().add(readText(in));
      place.cps().add(cp(in, cps));
      place.pincodes().add(in.readInt());
    }
    return place;
  }

  private static String readText(DataInputStream in) throws IOException {
    return new String(in.readNBytes(size(in)), StandardCharsets.UTF_8);
  }

  private static int cp(DataInputStream in, int cps) throws IOException {
    int cp = in.readInt();
    if (cp < 0 || cp >= cps) throw new IllegalArgumentException("no CP " + cp);
    return cp;
  }

  private static int size(DataInputStream in) throws IOException {
    int size = in.readInt();
    if (size < 0) throw new IllegalArgumentException("size " + size);
    return size;
  }
}
