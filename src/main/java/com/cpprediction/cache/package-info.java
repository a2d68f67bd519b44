/**
 * The cache of scored addresses that all verticles of a node share. The only package that knows
 * Caffeine.
 */
package com.cpprediction.cache;
