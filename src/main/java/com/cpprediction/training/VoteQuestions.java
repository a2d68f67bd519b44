package com.cpprediction.training;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.OwnPlace;
import com.cpprediction.model.format.PrefixIndex;
import java.util.Arrays;
import java.util.List;

/**
 * What the votes of n-grams are learned from in one prefix: per training address, with the counts
 * of its own place left out, the codes of the n-grams that each candidate has, and the right one.
 */
final class VoteQuestions {
  private char[] codes = new char[1 << 16];
  private int[] codesEnd = new int[1 << 10]; // by candidate
  private int[] candidatesEnd = new int[1 << 6]; // by question
  private int[] right = new int[1 << 6];
  private int candidates;
  private int questions;
  private char[][] ofCp; // of the address in work
  private int[] ofCpSize;

  private VoteQuestions(int cps) {
    ofCp = new char[cps][64];
    ofCpSize = new int[cps];
  }

  static VoteQuestions of(PrefixIndex index, List<PrefixCounts.Place> places) {
    var all = new VoteQuestions(index.cps());
    var features = new Features();
    features.passCodes(all::keep);
    for (var place : places) {
      var cps = place.cps().stream().mapToInt(Integer::intValue).toArray();
      var own = OwnPlace.of(index, cps, place.texts().toArray(String[]::new));
      for (int i = 0; i < cps.length; i++) {
        Arrays.fill(all.ofCpSize, 0);
        features.read(index, GramVotes.NONE, own, place.texts().get(i));
        all.add(features, cps[i]);
      }
    }
    all.ofCp = new char[0][];
    all.ofCpSize = new int[0];
    return all;
  }

  private void keep(int cp, int code) {
    int size = ofCpSize[cp]++;
    if (size == ofCp[cp].length) ofCp[cp] = Arrays.copyOf(ofCp[cp], 2 * size);
    ofCp[cp][size] = (char) code;
  }

  private void add(Features read, int cp) {
    int at = -1;
    for (int i = 0; i < read.candidates(); i++) if (read.cp(i) == cp) at = i;
    if (at < 0 || read.candidates() < 2) return; // nothing to learn from
    if (questions == right.length) {
      right = Arrays.copyOf(right, 2 * questions);
      candidatesEnd = Arrays.copyOf(candidatesEnd, 2 * questions);
    }
    right[questions] = candidates + at;
    for (int i = 0; i < read.candidates(); i++) {
      int own = read.cp(i);
      int start = candidates == 0 ? 0 : codesEnd[candidates - 1];
      int end = start + ofCpSize[own];
      if (end > codes.length) codes = Arrays.copyOf(codes, Math.max(end, 2 * codes.length));
      System.arraycopy(ofCp[own], 0, codes, start, ofCpSize[own]);
      if (candidates == codesEnd.length) codesEnd = Arrays.copyOf(codesEnd, 2 * candidates);
      codesEnd[candidates++] = end;
    }
    candidatesEnd[questions++] = candidates;
  }

  int questions() {
    return questions;
  }

  /** First candidate of a question; those of the next one follow. */
  int first(int question) {
    return question == 0 ? 0 : candidatesEnd[question - 1];
  }

  int end(int question) {
    return candidatesEnd[question];
  }

  /** The right candidate of a question. */
  int right(int question) {
    return right[question];
  }

  int firstCode(int candidate) {
    return candidate == 0 ? 0 : codesEnd[candidate - 1];
  }

  int endCode(int candidate) {
    return codesEnd[candidate];
  }

  /** As of {@link GramVotes}. */
  int code(int i) {
    return codes[i];
  }
}
