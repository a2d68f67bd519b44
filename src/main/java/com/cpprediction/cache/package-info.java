/**
 * The cache of scored addresses that all verticles of a node share. The only package that knows
 * Caffeine. Start at {@link com.cpprediction.cache.PredictionCache}; its key is the scoring
 * fingerprint of the model and the canonical address. {@link com.cpprediction.cache.AddressCache}
 * has canonical addresses by those typed.
 */
@NullMarked
package com.cpprediction.cache;

import org.jspecify.annotations.NullMarked;
