package com.cpprediction.model;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.model.format.Ranker;
import com.cpprediction.model.format.UseCount;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The model of one prefix, ready to score. Used by each {@link ServingRelease} that holds it and,
 * one after the other, by those who score with it: they {@link #acquire} it before and {@link
 * #release} it after. The last use closes its mapping. Thread-safe.
 */
public final class PrefixModel {
  private static final String ABSENT = "the model is read for each request";

  private final Manifest manifest;
  private final @Nullable PrefixIndex index;
  private final @Nullable Forest forest;
  private final @Nullable Ranker ranker;
  private final Engine engine;
  private final @Nullable Mapping content; // where there is something to free
  private final UseCount uses;
  private final AtomicBoolean lost = new AtomicBoolean();

  private PrefixModel(
      Manifest manifest,
      @Nullable PrefixIndex index,
      @Nullable Forest forest,
      @Nullable Ranker ranker,
      Engine engine,
      @Nullable Mapping content,
      Runnable free) {
    this.manifest = manifest;
    this.index = index;
    this.forest = forest;
    this.ranker = ranker;
    this.engine = engine;
    this.content = content;
    uses = new UseCount(free);
  }

  /**
   * A model of the engine {@link Engine#MAPPED}, used once: by the caller.
   *
   * @param manifest what it is and how good
   * @param content what {@code file} reads: closed after its last use
   * @throws ModelException when anything in {@code file} points where it must not
   */
  static PrefixModel of(
      Manifest manifest, ModelFile file, Forest forest, @Nullable Mapping content) {
    var index = new PrefixIndex(file);
    if (!index.cpCodes().equals(manifest.cps())) {
      throw new ModelException("manifest and index differ in their CPs");
    }
    if (forest.features() != Features.COUNT || forest.groups() != 1) {
      throw new ModelException(
          "the forest has %d columns and %d scores, must have %d and 1"
              .formatted(forest.features(), forest.groups(), Features.COUNT));
    }
    Runnable free = content == null ? () -> {} : content::close;
    return new PrefixModel(manifest, index, forest, forest, Engine.MAPPED, content, free);
  }

  /** As {@link #of}, of a file in memory, which needs not be freed. */
  public static PrefixModel of(Manifest manifest, ModelFile file, Forest forest) {
    return of(manifest, file, forest, null);
  }

  /**
   * A model of which only the manifest is here: it stands for a model that is read for each
   * request, and can't score.
   */
  static PrefixModel absent(Manifest manifest, Engine engine) {
    return new PrefixModel(manifest, null, null, null, engine, null, () -> {});
  }

  /** The same with XGBoost for a ranker; to be used in place of this one. */
  PrefixModel rankedBy(XgboostRanker xgboost, Runnable freeBoth) {
    return new PrefixModel(manifest, index, forest, xgboost, Engine.XGBOOST, content, freeBoth);
  }

  public String prefix() {
    return manifest.prefix();
  }

  public Manifest manifest() {
    return manifest;
  }

  Forest forest() {
    return Objects.requireNonNull(forest, ABSENT);
  }

  public PrefixIndex index() {
    return Objects.requireNonNull(index, ABSENT);
  }

  public Ranker ranker() {
    return Objects.requireNonNull(ranker, ABSENT);
  }

  public Engine engine() {
    return engine;
  }

  /**
   * Keeps it alive until {@link #release}.
   *
   * @return false when it is too late
   */
  boolean acquire() {
    return uses.acquire();
  }

  /** Gives up one use; the last one frees it. */
  void release() {
    uses.release();
  }

  /** Whether its file is still as the manifest has it, where it lies. Reads all of it. */
  boolean intact() {
    return !lost.get() && (content == null || content.is(manifest.index().sha256()));
  }

  /** Whether its file was found to be unreadable where it lies. */
  boolean lost() {
    return lost.get();
  }

  /**
   * Its file can't be read any more.
   *
   * @return whether that is news
   */
  boolean lose() {
    return lost.compareAndSet(false, true);
  }
}
