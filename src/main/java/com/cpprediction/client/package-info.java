/**
 * Client for Vert.x applications in the service's cluster. Depends on the packages {@code
 * prediction} and {@code bus} only; the thin jar of classifier {@code client} contains them. Start
 * at {@code PredictionClient}.
 */
@NullMarked
package com.cpprediction.client;

import org.jspecify.annotations.NullMarked;
