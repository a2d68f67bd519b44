/**
 * Outcomes reported for shipments: their table, and judging each against the prediction it had.
 * Start at {@link com.cpprediction.outcomes.OutcomeJudge}.
 */
package com.cpprediction.outcomes;
