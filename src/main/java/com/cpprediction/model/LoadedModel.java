package com.cpprediction.model;

import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model that this node holds.
 *
 * @param model scores, or only describes the model where it is read for each request
 * @param reader reads the model for one request; absent where {@code model} scores
 * @param digest of its manifest
 * @param at when it was loaded
 * @param nanos how long that took
 */
record LoadedModel(
    PrefixModel model,
    @Nullable Supplier<PrefixModel> reader,
    String digest,
    Instant at,
    long nanos) {}
