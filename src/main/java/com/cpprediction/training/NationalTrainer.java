package com.cpprediction.training;

import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.NationalStage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Trains the national stage, which predicts the prefix of an address without pincode: multinomial
 * logistic regression on words and pairs of words, by online AdaGrad (Duchi, Hazan, Singer 2011).
 * Weights exist only for observed pairs of n-gram and prefix. Scores are calibrated by a
 * temperature (Guo et al. 2017), fitted on held-out texts.
 */
final class NationalTrainer {
  /** Minimum number of texts of an n-gram. */
  private static final int LEAST_TEXTS = 2;

  /** Weight of an office, relative to an address. */
  private static final double OFFICE = 0.3;

  private static final int EPOCHS = 5;
  private static final double RATE = 0.5;
  private static final double DECAY = 1e-2;

  /** Share of texts held out to fit the temperature. */
  private static final double HELD_OUT = 0.1;

  /** Minimum size of a weight in quantisation steps; smaller ones are dropped. */
  private static final int LEAST_STEPS = 2;

  private final int[] pincodes;
  private final int[] prefixes;
  private final List<Text> texts;
  private final int[] fingerprints;
  private final int[] start; // first weight by n-gram
  private final int[] prefixOf; // by weight
  private final long seed;

  /**
   * @param text canonical
   * @param group of addresses of one place, -1 for none
   * @param weight relative to an address
   */
  record Labelled(String text, String prefix, int group, double weight) {
    static Labelled address(String text, String prefix, int group) {
      return new Labelled(text, prefix, group, 1);
    }

    /** An office of the directory. */
    static Labelled office(String text, String prefix) {
      return new Labelled(text, prefix, -1, OFFICE);
    }
  }

  /** A text as indices of its n-grams. */
  private record Text(int[] grams, int prefix, int group, double weight) {}

  /** Weights being learned. */
  private final class Weights {
    final float[] bias = new float[prefixes.length];
    final float[] weight = new float[prefixOf.length];
    private final float[] biasSquares = new float[prefixes.length];
    private final float[] squares = new float[prefixOf.length];
    private final double[] score = new double[prefixes.length];

    void learn(List<Text> from) {
      var order = new ArrayList<>(from);
      var random = new SplittableRandom(seed);
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (int i = order.size() - 1; i > 0; i--) {
          int other = random.nextInt(i + 1);
          var text = order.get(i);
          order.set(i, order.get(other));
          order.set(other, text);
        }
        order.forEach(this::learn);
      }
    }

    private void learn(Text text) {
      probabilities(text, 1);
      for (int k = 0; k < score.length; k++) {
        double gradient = text.weight() * (score[k] - (k == text.prefix() ? 1 : 0));
        score[k] = gradient;
        biasSquares[k] += (float) (gradient * gradient);
        bias[k] -= (float) (RATE * gradient / Math.sqrt(biasSquares[k] + 1));
      }
      for (int gram : text.grams()) {
        for (int at = start[gram]; at < start[gram + 1]; at++) {
          double gradient = score[prefixOf[at]] + DECAY * weight[at];
          squares[at] += (float) (gradient * gradient);
          weight[at] -= (float) (RATE * gradient / Math.sqrt(squares[at] + 1e-2));
        }
      }
    }

    /** Sets {@link #score} to the probabilities of all prefixes. */
    private void probabilities(Text text, double temperature) {
      for (int k = 0; k < score.length; k++) score[k] = bias[k];
      for (int gram : text.grams()) {
        for (int at = start[gram]; at < start[gram + 1]; at++) score[prefixOf[at]] += weight[at];
      }
      double highest = Arrays.stream(score).max().orElse(0);
      double sum = 0;
      for (int k = 0; k < score.length; k++) {
        sum += score[k] = StrictMath.exp((score[k] - highest) / temperature);
      }
      for (int k = 0; k < score.length; k++) score[k] /= sum;
    }

    double loss(List<Text> of, double temperature) {
      double loss = 0;
      for (var text : of) {
        probabilities(text, temperature);
        loss -= StrictMath.log(Math.max(score[text.prefix()], 1e-12));
      }
      return loss;
    }
  }

  private NationalTrainer(List<Labelled> labelled, int[] pincodes, long seed) {
    this.pincodes = pincodes;
    this.seed = seed;
    prefixes =
        new TreeSet<>(labelled.stream().map(text -> Integer.parseInt(text.prefix())).toList())
            .stream().mapToInt(Integer::intValue).toArray();
    var holders = new TreeMap<Integer, TreeSet<Integer>>(); // prefixes by n-gram
    var counts = new HashMap<Integer, Integer>();
    var read = new ArrayList<int[]>();
    var grams = new Grams();
    for (var text : labelled) {
      var own = fingerprints(grams.read(text.text()));
      read.add(own);
      for (int print : own) counts.merge(print, 1, Integer::sum);
    }
    for (int i = 0; i < read.size(); i++) {
      int prefix = place(labelled.get(i).prefix());
      for (int print : read.get(i)) {
        if (counts.getOrDefault(print, 0) >= LEAST_TEXTS) {
          holders.computeIfAbsent(print, p -> new TreeSet<>()).add(prefix);
        }
      }
    }
    fingerprints = holders.keySet().stream().mapToInt(Integer::intValue).toArray();
    start = starts(holders.values());
    prefixOf =
        holders.values().stream().flatMap(Collection::stream).mapToInt(Integer::intValue).toArray();
    texts = texts(labelled, read);
  }

  /**
   * @param labelled addresses and directory offices
   * @param pincodes that exist, ascending; none when they are not known
   * @return the file of a {@link NationalStage}
   */
  static byte[] train(List<Labelled> labelled, int[] pincodes, long seed) {
    return new NationalTrainer(labelled, pincodes, seed).train();
  }

  private byte[] train() {
    var kept = new ArrayList<Text>();
    var heldOut = new ArrayList<Text>();
    for (var text : texts) {
      boolean out = text.group() >= 0 && chance(text.group()) < HELD_OUT;
      (out ? heldOut : kept).add(text);
    }
    var part = new Weights();
    part.learn(kept);
    double temperature = temperature(part, heldOut);
    var whole = new Weights();
    whole.learn(texts);
    return write(whole, temperature);
  }

  private double chance(int group) {
    return new SplittableRandom(seed * 31 + group).nextDouble();
  }

  /** The temperature of maximum likelihood on held-out texts, by golden-section search. */
  private static double temperature(Weights weights, List<Text> heldOut) {
    if (heldOut.isEmpty()) return 1;
    double low = 0.2;
    double high = 5;
    double ratio = (Math.sqrt(5) - 1) / 2;
    for (int i = 0; i < 12; i++) {
      double a = high - ratio * (high - low);
      double b = low + ratio * (high - low);
      if (weights.loss(heldOut, a) < weights.loss(heldOut, b)) high = b;
      else low = a;
    }
    return (low + high) / 2;
  }

  private byte[] write(Weights weights, double temperature) {
    float most = 0;
    for (float weight : weights.weight) most = Math.max(most, Math.abs(weight));
    float step = (float) (most / temperature / Byte.MAX_VALUE);
    var bias = new float[prefixes.length];
    for (int k = 0; k < bias.length; k++) bias[k] = (float) (weights.bias[k] / temperature);
    var file = new NationalStage.Writer(prefixes, bias, step).pincodes(pincodes);
    for (int gram = 0; gram < fingerprints.length; gram++) {
      int length = start[gram + 1] - start[gram];
      var places = new int[length];
      var steps = new byte[length];
      int kept = 0;
      for (int at = start[gram]; at < start[gram + 1]; at++) {
        byte size = (byte) Math.rint(weights.weight[at] / most * Byte.MAX_VALUE);
        if (Math.abs(size) < LEAST_STEPS) continue;
        places[kept] = prefixOf[at];
        steps[kept++] = size;
      }
      if (kept > 0) {
        file.add(fingerprints[gram], Arrays.copyOf(places, kept), Arrays.copyOf(steps, kept));
      }
    }
    return file.toBytes();
  }

  private List<Text> texts(List<Labelled> labelled, List<int[]> read) {
    var all = new ArrayList<Text>();
    for (int i = 0; i < read.size(); i++) {
      var text = labelled.get(i);
      var known =
          Arrays.stream(read.get(i))
              .map(print -> Arrays.binarySearch(fingerprints, print))
              .filter(place -> place >= 0)
              .toArray();
      all.add(new Text(known, place(text.prefix()), text.group(), text.weight()));
    }
    return all;
  }

  private int place(String prefix) {
    return Arrays.binarySearch(prefixes, Integer.parseInt(prefix));
  }

  private static int[] starts(Collection<TreeSet<Integer>> lists) {
    var starts = new int[lists.size() + 1];
    int i = 0;
    for (var list : lists) starts[i + 1] = starts[i++] + list.size();
    return starts;
  }

  private static int[] fingerprints(Grams grams) {
    var prints = new int[grams.size()];
    int count = 0;
    for (int i = 0; i < grams.size(); i++) {
      if (Grams.group(grams.kind(i)) == 0) prints[count++] = grams.fingerprint(i);
    }
    return Arrays.copyOf(prints, count);
  }
}
