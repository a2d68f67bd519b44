package com.cpprediction.training;

import com.cpprediction.model.Scorer;
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

  /** Addresses at even intervals of the training rows, every other one without its pincode. */
  static List<Manifest.Golden> of(PrefixIndex index, Ranker reference, PrefixRows rows) {
    var scorer = new Scorer();
    var golden = new ArrayList<Manifest.Golden>();
    int count = Math.min(COUNT, rows.addresses().size());
    for (int i = 0; i < count; i++) {
      var row = rows.addresses().get(i * rows.addresses().size() / count);
      var pincode = i % 2 == 0 ? Integer.toString(row.pincode()) : null;
      var address = new Address(row.text(), pincode);
      var ranked = scorer.rank(index, reference, address);
      golden.add(
          new Manifest.Golden(address, ranked.subList(0, Math.min(CANDIDATES, ranked.size()))));
    }
    return golden;
  }
}
