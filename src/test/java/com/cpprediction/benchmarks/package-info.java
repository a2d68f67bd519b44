/**
 * JMH benchmarks and programs: {@link com.cpprediction.benchmarks.HotPath}, {@link
 * com.cpprediction.benchmarks.DrainBenchmark}, {@link com.cpprediction.benchmarks.InputBenchmark}
 * and {@link com.cpprediction.benchmarks.PerturbedAddresses}. They use public types only; {@code
 * src/docs/contributing.md} has the commands.
 */
package com.cpprediction.benchmarks;
