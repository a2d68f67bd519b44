/**
 * The files of a release, shared by scoring and training: manifest, model file, index, n-grams,
 * features, forest and the national stage. Start at {@link com.cpprediction.model.format.Release}
 * and {@link com.cpprediction.model.format.ModelFile}.
 */
@NullMarked
package com.cpprediction.model.format;

import org.jspecify.annotations.NullMarked;
