/**
 * What a model is and how it scores: the release on disk, the index of a prefix, the features of a
 * candidate CP, the ranker, and the worker verticle that owns them. Start reading at {@code
 * PredictionVerticle} and {@code PrefixModel}.
 */
package com.cpprediction.model;
