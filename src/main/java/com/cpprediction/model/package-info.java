/**
 * The models that a node serves: loading, checking and replacing them, the worker verticle that
 * scores with them, and the replay of stored predictions. Start at {@code ModelStore}; a {@code
 * ServingRelease} is one generation of the models, and releases them with its last lease; the last
 * generation that holds a model unmaps it. The files are in {@code model.format}.
 */
@NullMarked
package com.cpprediction.model;

import org.jspecify.annotations.NullMarked;
