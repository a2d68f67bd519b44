/**
 * Reported outcomes: their table, and how each is judged against its shipment's prediction. Start
 * at {@link com.cpprediction.outcomes.OutcomeJudge}. Reviews: doubtful shipments, dealt to people
 * whose choice is an outcome. Start at {@link com.cpprediction.outcomes.ReviewDesk}.
 */
@NullMarked
package com.cpprediction.outcomes;

import org.jspecify.annotations.NullMarked;
