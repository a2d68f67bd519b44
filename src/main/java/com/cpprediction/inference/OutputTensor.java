package com.cpprediction.inference;

import com.cpprediction.prediction.Prediction;
import java.util.Locale;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Outputs of a model, one element or row for each shipment, in the order of the request. What a
 * shipment without a prediction, or a prediction without a second alternative, has no value for is
 * an empty string or 0.
 */
public enum OutputTensor {
  /** Code of the CP. */
  CP(text(prediction -> prediction.best().cp())),
  /** That the CP is right, 0..1. */
  CONFIDENCE(number(prediction -> prediction.best().confidence())),
  /** The next two CPs. */
  ALTERNATIVES(
      Datatype.BYTES,
      OutputTensor.OTHERS,
      (prediction, at) ->
          at < prediction.alternatives().size() ? prediction.alternatives().get(at).cp() : ""),
  /** That each of them is right. */
  ALTERNATIVE_CONFIDENCES(
      Datatype.FP64,
      OutputTensor.OTHERS,
      (prediction, at) ->
          at < prediction.alternatives().size()
              ? prediction.alternatives().get(at).confidence()
              : 0.0),
  /** The pincode prefix whose model predicted. */
  PREFIX(text(prediction -> prediction.belief().prefix())),
  /** The pincode that is believed, the request's or another. */
  PINCODE_BELIEVED(
      text(prediction -> Objects.requireNonNullElse(prediction.belief().believed(), ""))),
  /** That the pincode of the request is wrong, 0..1. */
  PINCODE_DOUBT(
      number(
          prediction -> Objects.requireNonNullElse(prediction.belief().doubt(), 0).doubleValue())),
  SHIPMENT_ID(text(prediction -> prediction.request().shipmentId())),
  PREDICTION_ID(text(prediction -> prediction.request().id().toString())),
  /** Code of the problem of a shipment without a prediction; empty for the others. */
  ERROR(text(prediction -> ""));

  private static final int OTHERS = 2;

  private final Datatype datatype;
  private final int columns;
  private final BiFunction<Prediction, Integer, Object> value;

  OutputTensor(OutputTensor.Scalar scalar) {
    this(scalar.datatype, 0, (prediction, at) -> scalar.value.apply(prediction));
  }

  OutputTensor(Datatype datatype, int columns, BiFunction<Prediction, Integer, Object> value) {
    this.datatype = datatype;
    this.columns = columns;
    this.value = value;
  }

  private record Scalar(Datatype datatype, Function<Prediction, Object> value) {}

  private static Scalar text(Function<Prediction, Object> value) {
    return new Scalar(Datatype.BYTES, value);
  }

  private static Scalar number(Function<Prediction, Object> value) {
    return new Scalar(Datatype.FP64, value);
  }

  /** Name in requests, responses and metadata. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Datatype of its elements. */
  public Datatype datatype() {
    return datatype;
  }

  /** Elements of a row; zero where a shipment has one element. */
  public int columns() {
    return columns;
  }

  /** Elements for each shipment. */
  int width() {
    return Math.max(1, columns);
  }

  /** Element {@code at} of the row of {@code prediction}: a string or a double. */
  Object of(Prediction prediction, int at) {
    return value.apply(prediction, at);
  }

  /** The element of a shipment without a prediction. */
  Object none() {
    return datatype == Datatype.BYTES ? "" : 0.0;
  }
}
