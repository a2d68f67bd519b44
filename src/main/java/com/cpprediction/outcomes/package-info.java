/**
 * Reported outcomes: their table, and how each is judged against its shipment's prediction. Start
 * at {@link com.cpprediction.outcomes.OutcomeJudge}.
 */
@NullMarked
package com.cpprediction.outcomes;

import org.jspecify.annotations.NullMarked;
