package com.cpprediction.training;

import java.nio.file.Path;

/**
 * Training rows whose label the release contradicts.
 *
 * @param file that lists them
 * @param doubtful number of them
 * @param judged number of rows that the release was asked for; without those of a prefix that it
 *     has no model of
 */
public record DoubtfulLabels(Path file, long doubtful, long judged) {}
