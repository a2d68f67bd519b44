package com.cpprediction.inference;

import java.util.List;

/**
 * A tensor.
 *
 * @param shape its dimensions, the first of which counts shipments
 * @param elements strings or doubles in row-major order
 */
public record Tensor(String name, Datatype datatype, List<Integer> shape, List<Object> elements) {
  public Tensor {
    shape = List.copyOf(shape);
    elements = List.copyOf(elements);
  }
}
