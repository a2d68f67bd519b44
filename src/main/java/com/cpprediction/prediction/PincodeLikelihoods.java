package com.cpprediction.prediction;

/**
 * Probability of a pincode given the words, over the prefixes that were scored, for each way in
 * which it can have come about. Only their ratios mean something: they don't depend on the shares
 * of wrong pincodes that were assumed.
 *
 * @param right where it is the right one
 * @param slip where it is a typing error
 * @param near where it is another one of the right prefix
 * @param far where it is any at all
 */
public record PincodeLikelihoods(double right, double slip, double near, double far) {}
