/**
 * The history of each node, a row a minute and marks of what operators did, in PostgreSQL. Start at
 * {@link com.cpprediction.history.HistoryRecorder}; {@link com.cpprediction.history.HistoryReader}
 * reads it, or what Prometheus has of the same meters.
 */
@NullMarked
package com.cpprediction.history;

import org.jspecify.annotations.NullMarked;
