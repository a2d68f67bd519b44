package com.cpprediction.training;

import com.cpprediction.model.Manifest;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.Scoring;
import com.cpprediction.prediction.Address;
import java.util.ArrayList;
import java.util.List;

/** Picks the addresses by which a model on disk is checked against the one that was trained. */
final class Golden {
  private static final int COUNT = 6;

  private Golden() {}

  /** Addresses spread over the training rows, every other one without its pincode. */
  static List<Manifest.Golden> of(Scoring scoring, PrefixRows rows) {
    var addresses = new ArrayList<Address>();
    int count = Math.min(COUNT, rows.addresses().size());
    for (int i = 0; i < count; i++) {
      var row = rows.addresses().get(i * rows.addresses().size() / count);
      var pincode = i % 2 == 0 ? Integer.toString(row.pincode()) : null;
      addresses.add(new Address(row.text(), pincode));
    }
    var answers = new Scorer().score(scoring, addresses);
    var golden = new ArrayList<Manifest.Golden>();
    for (int i = 0; i < count; i++) {
      var best = answers.get(i).candidates().get(0);
      golden.add(new Manifest.Golden(addresses.get(i), best.cp(), best.confidence()));
    }
    return golden;
  }
}
