package com.cpprediction.journal;

import java.util.ArrayList;
import java.util.List;

/** Looks for whole frames in the bytes of a file, whatever is around them. */
final class FrameScanner {
  private FrameScanner() {}

  static List<Frame.Found> of(byte[] bytes) {
    var whole = new ArrayList<Frame.Found>();
    for (int at = 0; at < bytes.length; ) {
      if (bytes[at] != Frame.FIRST) {
        at++;
        continue;
      }
      var found = Frame.read(bytes, at);
      found.ifPresent(whole::add);
      at = found.map(Frame.Found::to).orElse(at + 1);
    }
    return whole;
  }
}
