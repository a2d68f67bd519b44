/**
 * The models that a node serves: loading, checking and replacing them, the worker verticle that
 * scores with them, and the replay of stored predictions. Start at {@code ModelStore}; the files
 * are in {@code model.format}.
 */
package com.cpprediction.model;
