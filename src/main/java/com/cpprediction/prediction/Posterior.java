package com.cpprediction.prediction;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The probability of each CP given the words, the pincodes and the prefixes of an address, by
 * Bayes' rule.
 *
 * @param prefixes of the candidates
 * @param likelihoods of the first pincode; absent without one
 */
public record Posterior(
    Scored scored, Belief belief, List<String> prefixes, @Nullable PincodeLikelihoods likelihoods) {
  public Posterior {
    prefixes = List.copyOf(prefixes);
  }

  /**
   * Combines the scores of the prefixes that an address may belong to. Equal input gives equal
   * bits.
   *
   * @param scores one for each prefix of {@code hypotheses}, in their order, at least one of them
   *     present; absent where the model of the prefix is not served now
   */
  public static Posterior of(
      Address address, Hypotheses hypotheses, List<? extends @Nullable PrefixScores> scores) {
    return weights(address, hypotheses, scores).posterior();
  }

  /**
   * The probability of {@code cp}, first or not; 0 where it is none of the CPs of {@code scores}.
   * The other parameters are those of {@link #of}.
   */
  public static double confidence(
      Address address,
      Hypotheses hypotheses,
      List<? extends @Nullable PrefixScores> scores,
      String cp) {
    return weights(address, hypotheses, scores).confidence(cp);
  }

  private static PosteriorWeights weights(
      Address address, Hypotheses hypotheses, List<? extends @Nullable PrefixScores> scores) {
    int cps = 0;
    for (var within : scores) if (within != null) cps += within.size();
    var weights = new PosteriorWeights(address.candidates(), hypotheses, cps);
    for (int k = 0; k < scores.size(); k++) {
      var located = hypotheses.likely().get(k);
      var within = scores.get(k);
      if (within == null) weights.add(located);
      else weights.add(located, within);
    }
    return weights;
  }

  /**
   * The probabilities of the prefixes that were scored, likeliest first, with what decided them.
   * The parameters are those of {@link #of}.
   */
  public static List<PrefixShare> prefixes(
      Address address, Hypotheses hypotheses, List<? extends @Nullable PrefixScores> scores) {
    int count = scores.size();
    var sums = new double[count];
    double total = hypotheses.others();
    for (int k = 0; k < count; k++) {
      var alone = hypotheses.alone(k);
      sums[k] = weights(address, alone, Collections.singletonList(scores.get(k))).total();
      total += sums[k];
    }
    var shares = new ArrayList<PrefixShare>(count);
    for (int k = 0; k < count; k++) {
      var located = hypotheses.likely().get(k);
      var within = scores.get(k);
      double words = Math.log(located.weight());
      double fit = within == null ? 0 : within.fit();
      double pincodes = Math.log(sums[k]) - words - fit;
      shares.add(new PrefixShare(located.prefix(), sums[k] / total, words, fit, pincodes));
    }
    shares.sort(Comparator.comparingDouble(PrefixShare::probability).reversed());
    return shares;
  }

  /**
   * The fingerprint of a prediction that the models of {@code fingerprints} decided: of one model
   * its own, of several the SHA-256 over theirs, in the order of the hypotheses.
   */
  public static String fingerprint(List<String> fingerprints) {
    if (fingerprints.size() == 1) return fingerprints.get(0);
    var all = String.join("\n", fingerprints).getBytes(StandardCharsets.UTF_8);
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(all));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("a JDK without SHA-256", e);
    }
  }

  /**
   * This, where it is sure enough.
   *
   * @param least how sure the first CP must be where no pincode of its prefix was given, 0..1
   * @throws ServiceException {@link Failure#PINCODE_REQUIRED}, with {@code guesses}, when it isn't
   */
  public Posterior sure(double least) {
    var best = scored.candidates().get(0);
    if (belief.source() == PrefixSource.PINCODE || best.confidence() >= least) return this;
    var guesses = new JsonArray();
    for (int i = 0; i < prefixes.size(); i++) {
      var candidate = scored.candidates().get(i);
      guesses.add(
          new JsonObject()
              .put("cp", candidate.cp())
              .put("confidence", candidate.confidence())
              .put("prefix", prefixes.get(i)));
    }
    var members = new JsonObject().put("guesses", guesses);
    if (belief.source() == PrefixSource.TEXT) {
      throw Failure.PINCODE_REQUIRED.because(
          "The address has no pincode, and its words alone leave too much doubt; add it to the"
              + " address or send it as pincode. Best guess: "
              + best.cp(),
          members);
    }
    throw Failure.PINCODE_REQUIRED.because(
        "The pincode does not fit the words of the address, and they alone leave too much doubt;"
            + " check it and send it as pincode. Best guess: "
            + best.cp(),
        members.put("pincode", belief.pincode()).put("pincode_doubt", belief.doubt()));
  }
}
