/**
 * The history of each node, a row a minute and marks of what operators did, in PostgreSQL. Start at
 * {@link com.cpprediction.history.HistoryRecorder}.
 */
@NullMarked
package com.cpprediction.history;

import org.jspecify.annotations.NullMarked;
