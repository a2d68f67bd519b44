package com.cpprediction.training;

import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.GramVotes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Forests of XGBoost's models, for tests outside of this package. */
public final class Forests {
  private Forests() {}

  /**
   * @param ubj a model saved by XGBoost
   * @return the section of a model file
   */
  public static byte[] compile(byte[] ubj) {
    return ForestCompiler.compile(ubj);
  }

  /** The forest of {@code section}, outside of the heap as a mapping is. */
  public static Forest direct(byte[] section) {
    return Forest.of(ByteBuffer.allocateDirect(section.length).put(section).flip());
  }

  /** The votes of n-grams of a release. */
  public static GramVotes votes(Path release) throws IOException {
    return Forest.of(ByteBuffer.wrap(Files.readAllBytes(release.resolve(ReleaseWriter.FOREST))))
        .votes();
  }
}
