package com.cpprediction.training;

import com.cpprediction.model.format.GramVotes;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Learns the {@linkplain GramVotes votes of n-grams}: the weights under which the sum of a CP's
 * votes is highest for the right candidate, by a softmax over the candidates of each question,
 * descending in small batches (RMSprop) and averaged over the last pass. One thread, so that the
 * order of the sums is fixed.
 */
final class VoteTrainer {
  private static final int EPOCHS = 20;
  private static final int BATCH = 32;
  private static final double RATE = 0.003;
  private static final double LAST_RATE = 0.02; // of the first
  private static final double DECAY = 0.99;
  private static final double PENALTY = 1e-4;
  private static final double EPSILON = 1e-6;
  private static final double SMALL = 1e-4; // gradient of a candidate that is left out

  private final int[] parts = new int[GramVotes.CODES * GramVotes.PARTS];
  private final double[] weights = new double[GramVotes.WEIGHTS];
  private final double[] gradient = new double[GramVotes.WEIGHTS];
  private final double[] squares = new double[GramVotes.WEIGHTS];
  private final double[] averages = new double[GramVotes.WEIGHTS];
  private double[] scores = new double[64];

  private VoteTrainer() {
    var own = new int[GramVotes.PARTS];
    for (int code = 0; code < GramVotes.CODES; code++) {
      GramVotes.parts(code, own);
      System.arraycopy(own, 0, parts, code * GramVotes.PARTS, GramVotes.PARTS);
    }
  }

  /**
   * @param prefixes in a fixed order
   * @return {@link GramVotes#WEIGHTS} weights
   */
  static float[] train(List<VoteQuestions> prefixes, long seed) {
    return new VoteTrainer().descend(prefixes, seed);
  }

  private float[] descend(List<VoteQuestions> prefixes, long seed) {
    var order = prefixes.stream().mapToInt(VoteQuestions::questions).sum();
    var which = new long[order]; // prefix, then question
    int size = 0;
    for (int p = 0; p < prefixes.size(); p++) {
      for (int q = 0; q < prefixes.get(p).questions(); q++) {
        which[size++] = (long) p << Integer.SIZE | q;
      }
    }
    var random = new SplittableRandom(seed);
    int averaged = 0;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      shuffle(which, random);
      double rate = RATE * Math.max(LAST_RATE, 1 - epoch / (double) EPOCHS);
      for (int start = 0; start < size; start += BATCH) {
        int end = Math.min(size, start + BATCH);
        Arrays.fill(gradient, 0);
        for (int i = start; i < end; i++) {
          add(prefixes.get((int) (which[i] >>> Integer.SIZE)), (int) which[i]);
        }
        step(rate, end - start);
        if (epoch < EPOCHS - 1) continue;
        for (int j = 0; j < averages.length; j++) averages[j] += weights[j];
        averaged++;
      }
    }
    var votes = new float[averages.length];
    for (int j = 0; j < votes.length && averaged > 0; j++)
      votes[j] = (float) (averages[j] / averaged);
    return votes;
  }

  private static void shuffle(long[] values, SplittableRandom random) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      long value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
  }

  /** Adds the gradient of one question. */
  private void add(VoteQuestions of, int question) {
    int first = of.first(question);
    int count = of.end(question) - first;
    if (scores.length < count) scores = new double[2 * count];
    double highest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      scores[i] = score(of, first + i);
      highest = Math.max(highest, scores[i]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) sum += scores[i] = StrictMath.exp(scores[i] - highest);
    for (int i = 0; i < count; i++) {
      double slope = scores[i] / sum - (first + i == of.right(question) ? 1 : 0);
      if (Math.abs(slope) < SMALL) continue;
      for (int k = of.firstCode(first + i); k < of.endCode(first + i); k++) {
        int at = of.code(k) * GramVotes.PARTS;
        for (int j = at; j < at + GramVotes.PARTS; j++) gradient[parts[j]] += slope;
      }
    }
  }

  private double score(VoteQuestions of, int candidate) {
    double score = 0;
    for (int k = of.firstCode(candidate); k < of.endCode(candidate); k++) {
      int at = of.code(k) * GramVotes.PARTS;
      for (int j = at; j < at + GramVotes.PARTS; j++) score += weights[parts[j]];
    }
    return score;
  }

  private void step(double rate, int batch) {
    for (int j = 0; j < weights.length; j++) {
      double slope = gradient[j] / batch + PENALTY * weights[j];
      if (slope == 0) continue;
      squares[j] = DECAY * squares[j] + (1 - DECAY) * slope * slope;
      weights[j] -= rate * slope / Math.sqrt(squares[j] + EPSILON);
    }
  }
}
