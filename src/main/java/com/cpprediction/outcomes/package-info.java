/**
 * Outcomes reported for shipments: their table, and judging each against the prediction it had.
 * Start at {@link com.cpprediction.outcomes.OutcomeJudge}.
 */
@NullMarked
package com.cpprediction.outcomes;

import org.jspecify.annotations.NullMarked;
