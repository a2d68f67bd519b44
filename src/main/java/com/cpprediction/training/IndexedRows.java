package com.cpprediction.training;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The rows of a prefix for access by index, in the order of the input: where each lies takes twelve
 * bytes of heap, its content stays where it is. Thread-safe.
 */
final class IndexedRows {
  private final RowStore store;
  private final String prefix;
  private int[] block = new int[64];
  private int[] from = new int[64];
  private int[] to = new int[64];
  private int size;

  private IndexedRows(RowStore store, String prefix) {
    this.store = store;
    this.prefix = prefix;
  }

  /**
   * Reads all rows.
   *
   * @param pass called with each of them, in order
   */
  static IndexedRows read(RowStore store, String prefix, Consumer<InputRow> pass) {
    var rows = new IndexedRows(store, prefix);
    for (int block = 0; block < store.blocks(prefix); block++) {
      var decoder = new RowCodec.Decoder(store.block(prefix, block));
      while (decoder.hasNext()) {
        int from = decoder.at();
        pass.accept(decoder.next());
        rows.add(block, from, decoder.at());
      }
    }
    return rows;
  }

  private void add(int inBlock, int begin, int end) {
    if (size == block.length) {
      block = Arrays.copyOf(block, 2 * size);
      from = Arrays.copyOf(from, 2 * size);
      to = Arrays.copyOf(to, 2 * size);
    }
    block[size] = inBlock;
    from[size] = begin;
    to[size++] = end;
  }

  int size() {
    return size;
  }

  InputRow get(int row) {
    return new RowCodec.Decoder(store.part(prefix, block[row], from[row], to[row])).next();
  }
}
