/**
 * Load generator, used by {@code load-test} and {@code ablation}: an open loop, in which requests
 * are due at a rate, independently of responses, and latencies count from the due time, and a
 * closed loop of callers. Start reading at {@link com.cpprediction.loadtest.LoadGenerator}. The
 * service does not use it.
 */
@NullMarked
package com.cpprediction.loadtest;

import org.jspecify.annotations.NullMarked;
