package com.cpprediction.csv;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Names of columns that are put behind those of a file. */
public final class AddedColumns {
  /** Put before all of them while one is a column of the file. */
  private static final String PREFIX = "predicted_";

  private AddedColumns() {}

  /**
   * The names of all columns.
   *
   * @param names of the file
   * @param added behind them; as given, or with a prefix where one of them is taken
   */
  public static List<String> behind(List<String> names, List<String> added) {
    var own = new ArrayList<>(added);
    var taken = new HashSet<String>();
    names.forEach(name -> taken.add(name.toLowerCase(Locale.ROOT)));
    while (clash(own, taken)) own.replaceAll(PREFIX::concat);
    var all = new ArrayList<>(names);
    all.addAll(own);
    return all;
  }

  private static boolean clash(List<String> own, Set<String> taken) {
    return own.stream().anyMatch(taken::contains);
  }
}
