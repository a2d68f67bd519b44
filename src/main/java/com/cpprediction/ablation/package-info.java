/**
 * What each optimisation brings, measured: starts the service in every state from all switches off
 * to all on, puts the same load on each, and compares. Start reading at {@code Ablation}; {@code
 * Measurement} is one measurement, {@code Summary} what follows from all of them.
 */
package com.cpprediction.ablation;
