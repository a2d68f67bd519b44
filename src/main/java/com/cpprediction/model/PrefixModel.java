package com.cpprediction.model;

/**
 * The model of one prefix, ready to score.
 *
 * @param manifest what it is and how good
 * @param index what is known of the prefix's CPs
 * @param ranker shared by the prefixes that name the same file
 */
public record PrefixModel(Manifest manifest, PrefixIndex index, Ranker ranker) {
  public String prefix() {
    return manifest.prefix();
  }
}
