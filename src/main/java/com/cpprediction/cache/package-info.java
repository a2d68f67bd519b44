/**
 * The cache of scored addresses that all verticles of a node share. The only package that knows
 * Caffeine.
 */
@NullMarked
package com.cpprediction.cache;

import org.jspecify.annotations.NullMarked;
