package com.cpprediction.training;

import java.util.Arrays;

/** Lists of ints by an int key, each up to a maximum length; what exceeds it is dropped. */
final class IntLists {
  private static final int FIRST = 2;

  private final int most;
  private int[] slots = new int[1 << 10]; // number of a list + 1
  private int[] keys = new int[1 << 9];
  private int[][] lists = new int[1 << 9][];
  private int[] lengths = new int[1 << 9];
  private int size;

  /**
   * @param most maximum length of a list
   */
  IntLists(int most) {
    this.most = most;
  }

  /**
   * @return number of the list of {@code key}, or -1
   */
  int find(int key) {
    int mask = slots.length - 1;
    for (int slot = hash(key) & mask; slots[slot] != 0; slot = slot + 1 & mask) {
      if (keys[slots[slot] - 1] == key) return slots[slot] - 1;
    }
    return -1;
  }

  int length(int list) {
    return lengths[list];
  }

  int get(int list, int i) {
    return lists[list][i];
  }

  void add(int key, int value) {
    int list = find(key);
    if (list < 0) list = put(key);
    int length = lengths[list];
    if (length == most) return;
    if (length == lists[list].length) {
      lists[list] = Arrays.copyOf(lists[list], Math.min(most, 2 * length));
    }
    lists[list][length] = value;
    lengths[list]++;
  }

  private int put(int key) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, 2 * size);
      lists = Arrays.copyOf(lists, 2 * size);
      lengths = Arrays.copyOf(lengths, 2 * size);
    }
    keys[size] = key;
    lists[size] = new int[FIRST];
    size++;
    if (2 * size > slots.length) {
      slots = new int[2 * slots.length];
      for (int list = 0; list < size; list++) enter(list);
    } else {
      enter(size - 1);
    }
    return size - 1;
  }

  private void enter(int list) {
    int mask = slots.length - 1;
    int slot = hash(keys[list]) & mask;
    while (slots[slot] != 0) slot = slot + 1 & mask;
    slots[slot] = list + 1;
  }

  /** The finaliser of MurmurHash3. */
  private static int hash(int key) {
    int z = (key ^ key >>> 16) * 0x85ebca6b;
    z = (z ^ z >>> 13) * 0xc2b2ae35;
    return z ^ z >>> 16;
  }
}
