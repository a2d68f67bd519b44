package com.cpprediction.inference;

import java.util.List;

/**
 * The tensor of an output.
 *
 * @param shape its dimensions, the first of which counts shipments
 * @param elements strings or doubles in row-major order
 */
public record Tensor(OutputTensor output, List<Integer> shape, List<Object> elements) {
  public Tensor {
    shape = List.copyOf(shape);
    elements = List.copyOf(elements);
  }

  /** Name in requests, responses and metadata. */
  public String name() {
    return output.label();
  }

  /** Datatype of its elements. */
  public Datatype datatype() {
    return output.datatype();
  }
}
