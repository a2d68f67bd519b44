/**
 * Compares configurations of the service by measurement: the optimisations one by one, or any two
 * configurations. {@link com.cpprediction.ablation.Design} lists variants and contrasts, {@link
 * com.cpprediction.ablation.Comparison} measures them, {@code Recording} holds the runs and {@link
 * com.cpprediction.ablation.Report} presents them. The service does not use it.
 */
@NullMarked
package com.cpprediction.ablation;

import org.jspecify.annotations.NullMarked;
