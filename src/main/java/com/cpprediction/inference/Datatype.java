package com.cpprediction.inference;

/** Datatypes of the protocol that tensors of the models have. */
public enum Datatype {
  /** Text in UTF-8; a JSON string over REST. */
  BYTES,
  /** IEEE 754 double precision. */
  FP64
}
