package com.cpprediction.journal;

import java.util.ArrayList;
import java.util.List;

/** Finds all complete frames in the bytes of a file, regardless of its structure. */
final class FrameScanner {
  private FrameScanner() {}

  static List<Frame.FoundFrame> scan(byte[] bytes) {
    var frames = new ArrayList<Frame.FoundFrame>();
    for (int at = 0; at < bytes.length; ) {
      if (bytes[at] != Frame.FIRST) {
        at++;
        continue;
      }
      var found = Frame.read(bytes, at);
      found.ifPresent(frames::add);
      at = found.map(Frame.FoundFrame::to).orElse(at + 1);
    }
    return frames;
  }
}
