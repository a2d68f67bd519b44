/**
 * The meters of the service, in {@code ServiceMetrics}: names, units and tags are a contract. Those
 * of the process are in {@code ProcessMemory}, those of the cache in package {@code cache}.
 */
@NullMarked
package com.cpprediction.metrics;

import org.jspecify.annotations.NullMarked;
