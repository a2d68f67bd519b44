/**
 * JMH benchmarks and {@link com.cpprediction.benchmarks.DrainBenchmark}, a program. They use public
 * types only; {@code src/docs/contributing.md} has the commands.
 */
package com.cpprediction.benchmarks;
