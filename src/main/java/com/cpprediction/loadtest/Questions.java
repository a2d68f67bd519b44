package com.cpprediction.loadtest;

import io.vertx.core.buffer.Buffer;
import java.util.function.LongFunction;

/**
 * What is sent.
 *
 * @param path such as {@code /predict}
 * @param shipments in one request
 * @param body of the i-th request, from 0; called from the thread that sends
 */
public record Questions(String path, int shipments, LongFunction<Buffer> body) {}
