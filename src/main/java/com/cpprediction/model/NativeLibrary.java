package com.cpprediction.model;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Why XGBoost's native library can't be loaded, and what to do. Thread-safe. */
public final class NativeLibrary {
  private static final Pattern NOT_EXECUTABLE =
      Pattern.compile("failed to map segment|Permission denied|Operation not permitted");
  private static final Pattern FULL = Pattern.compile("No space left on device|file too short");

  /** Of the first attempt; later ones tell only that it failed. */
  private static volatile @Nullable String first;

  private NativeLibrary() {}

  /** A sentence for an operator; of the first failure of this process. */
  public static String describe(Throwable failure) {
    var known = first;
    if (known == null) {
      known = message(rootOf(failure));
      first = known;
    }
    return known;
  }

  private static Throwable rootOf(Throwable failure) {
    var root = failure;
    while (root.getCause() != null) root = root.getCause();
    return root;
  }

  static String message(Throwable failure) {
    var reason = String.valueOf(failure.getMessage());
    var temporary = System.getProperty("java.io.tmpdir");
    String wayOut;
    if (reason.contains("libgomp")) {
      wayOut = "install libgomp1";
    } else if (NOT_EXECUTABLE.matcher(reason).find()) {
      wayOut =
          "no program may run from %s, the directory of temporary files (noexec): name another one with -Djava.io.tmpdir=DIRECTORY"
              .formatted(temporary);
    } else if (FULL.matcher(reason).find()) {
      wayOut =
          "make room in %s, the directory of temporary files, or name another one with -Djava.io.tmpdir=DIRECTORY"
              .formatted(temporary);
    } else {
      wayOut = "on Linux it needs glibc and libgomp1";
    }
    return "XGBoost cannot be loaded (%s); %s".formatted(reason, wayOut);
  }
}
