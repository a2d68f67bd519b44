package com.cpprediction.model;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.inference.Predictor;
import ai.djl.ml.xgboost.XgbSymbolBlock;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.TranslatorContext;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelException.Reason;
import com.cpprediction.model.format.Ranker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import ml.dmlc.xgboost4j.java.BoosterThreads;

/**
 * Ranks with DJL's XGBoost engine. Any number of threads may score at once; closing waits for them,
 * because the native model must outlive its last use.
 */
public final class XgboostRanker implements Ranker {
  static {
    // DJL asks a cloud's metadata address who it runs for, unless both are set before it loads.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
  }

  private final ReadWriteLock lifetime = new ReentrantReadWriteLock();
  private final Model model;
  private final ThreadLocal<Predictor<Rows, float[]>> predictor;
  private boolean closed;

  /** Some rows of features, and how many of them count. */
  private record Rows(float[] features, int count) {}

  private XgboostRanker(Model model) {
    this.model = model;
    predictor = ThreadLocal.withInitial(() -> model.newPredictor(new RowsTranslator()));
  }

  /**
   * Loads a model whose bytes have been checked already: XGBoost crashes the process on a corrupt
   * file.
   *
   * @param file absolute path of a model saved by XGBoost as {@code .ubj} or {@code .json}
   * @throws ModelException when it is no model of {@link Features#COUNT} columns
   */
  public static XgboostRanker load(Path file) throws IOException {
    var model = newModel();
    try {
      model.load(file);
      long handle = ((XgbSymbolBlock) model.getBlock()).getHandle();
      BoosterThreads.useCallingThread(handle);
      long width = BoosterThreads.features(handle);
      if (width != Features.COUNT) {
        throw new ModelException(
            "ranker has %d columns, must have %d".formatted(width, Features.COUNT));
      }
      return new XgboostRanker(model);
    } catch (IOException | MalformedModelException | RuntimeException e) {
      model.close();
      if (e instanceof IOException unreadable) throw unreadable;
      if (e instanceof ModelException known) throw known;
      throw new ModelException("ranker is no XGBoost model: " + e.getMessage(), e);
    }
  }

  /**
   * As {@link #load}, of bytes in memory: the bytes that were checked are loaded.
   *
   * @param ubj a model saved by XGBoost as {@code .ubj}
   */
  public static XgboostRanker of(byte[] ubj) {
    try {
      var file = Files.createTempFile("ranker", ".ubj"); // XGBoost tells the format by the name
      try {
        return load(Files.write(file, ubj));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new ModelException(
          Reason.UNREADABLE, "cannot use the directory for temporary files: " + e, e);
    }
  }

  private static Model newModel() {
    try {
      return Model.newInstance("ranker", "XGBoost");
    } catch (EngineException | LinkageError e) {
      throw new ModelException(Reason.UNREADABLE, NativeLibrary.describe(e), e);
    }
  }

  @Override
  public void score(float[] features, int rows, float[] scores) {
    if (rows < 1 || features.length < (long) rows * Features.COUNT || scores.length < rows) {
      throw new IllegalArgumentException(
          "%d rows in %d values, to %d scores".formatted(rows, features.length, scores.length));
    }
    lifetime.readLock().lock();
    try {
      if (closed) throw new IllegalStateException("the ranker is closed");
      System.arraycopy(predictor.get().predict(new Rows(features, rows)), 0, scores, 0, rows);
    } catch (TranslateException e) {
      throw new IllegalStateException("XGBoost cannot score", e);
    } finally {
      lifetime.readLock().unlock();
    }
  }

  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (closed) return;
      closed = true;
      model.close();
    } finally {
      lifetime.writeLock().unlock();
    }
  }

  /** Dense rows; an absent feature is NaN, which XGBoost sends the default way. */
  private static final class RowsTranslator implements NoBatchifyTranslator<Rows, float[]> {
    private ByteBuffer direct = ByteBuffer.allocateDirect(0); // one predictor, one thread

    @Override
    public NDList processInput(TranslatorContext context, Rows rows) {
      int values = rows.count() * Features.COUNT;
      if (direct.capacity() < values * Float.BYTES) {
        direct = ByteBuffer.allocateDirect(2 * values * Float.BYTES).order(ByteOrder.nativeOrder());
      }
      direct.clear().limit(values * Float.BYTES);
      direct.asFloatBuffer().put(rows.features(), 0, values);
      return new NDList(
          context
              .getNDManager()
              .create(direct, new Shape(rows.count(), Features.COUNT), DataType.FLOAT32));
    }

    @Override
    public float[] processOutput(TranslatorContext context, NDList scores) {
      return scores.singletonOrThrow().toFloatArray();
    }
  }
}
