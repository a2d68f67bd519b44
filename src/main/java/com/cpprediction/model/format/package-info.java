/**
 * The files of a release and all that scoring and training share of them: manifest, model file,
 * index, n-grams, features, forest and the national stage. Start at {@link
 * com.cpprediction.model.format.Release} and {@link com.cpprediction.model.format.ModelFile}.
 */
package com.cpprediction.model.format;
