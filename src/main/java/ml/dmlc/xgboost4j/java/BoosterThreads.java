package ml.dmlc.xgboost4j.java;

/**
 * Sets the native threads of a booster that DJL loaded: neither DJL nor the model file can, and
 * threads that collide turn 0.2 ms into 15 ms. Lives in XGBoost's package because the native call
 * is visible in there only.
 */
public final class BoosterThreads {
  private BoosterThreads() {}

  /** Makes the booster behind {@code handle} predict in the calling thread. */
  public static void useCallingThread(long handle) {
    try {
      XGBoostJNI.checkCall(XGBoostJNI.XGBoosterSetParam(handle, "nthread", "1"));
    } catch (XGBoostError e) {
      throw new IllegalStateException("XGBoost refuses to predict in one thread", e);
    }
  }

  /** Columns the booster behind {@code handle} was trained on. */
  public static long features(long handle) {
    try {
      var out = new long[1];
      XGBoostJNI.checkCall(XGBoostJNI.XGBoosterGetNumFeature(handle, out));
      return out[0];
    } catch (XGBoostError e) {
      throw new IllegalStateException("XGBoost does not tell the width of the model", e);
    }
  }
}
