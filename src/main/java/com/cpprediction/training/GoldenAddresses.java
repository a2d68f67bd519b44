package com.cpprediction.training;

import com.cpprediction.model.Scorer;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.model.format.Ranker;
import com.cpprediction.prediction.Address;
import java.util.ArrayList;
import java.util.List;

/** Selects golden addresses, whose predictions verify a model file against XGBoost. */
final class GoldenAddresses {
  private static final int COUNT = 6;
  private static final int CANDIDATES = 3;

  private GoldenAddresses() {}

  /** Addresses at even intervals of the sample, every other one without its pincode. */
  static List<Manifest.Golden> of(
      PrefixIndex index, GramVotes votes, Ranker reference, List<PrefixCounts.Place> sample) {
    var scorer = new Scorer();
    var golden = new ArrayList<Manifest.Golden>();
    int count = Math.min(COUNT, sample.size());
    for (int i = 0; i < count; i++) {
      var place = sample.get(i * sample.size() / count);
      var pincode = i % 2 == 0 ? Integer.toString(place.pincodes().get(0)) : null;
      var address = new Address(place.texts().get(0), pincode);
      var ranked = scorer.rank(index, votes, reference, address);
      golden.add(
          new Manifest.Golden(address, ranked.subList(0, Math.min(CANDIDATES, ranked.size()))));
    }
    return golden;
  }
}
