/**
 * The command line and the wiring: {@code Main} has one command per class, {@code Service} starts
 * and stops the verticles in order.
 */
package com.cpprediction.cli;
