package com.cpprediction.training;

import com.cpprediction.model.format.Evidence;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.PrefixIndex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.LinearSolverFactory_DDRM;

/**
 * Kernel ridge regression of the CPs on the similarities between rows, in its dual form (Saunders,
 * Gammerman, Vovk 1998): α = (G + λI)⁻¹ Y with Y one-hot. Computes leave-group-out scores of the
 * training rows, without their near-duplicates, in closed form.
 */
final class Ridge {
  private static final double LAMBDA = 0.5;
  private static final int STEPS = Byte.MAX_VALUE;

  /** Concurrent matrices of rows by rows: similarities, inverse, and two of the solver. */
  private static final int MATRICES = 4;

  private final PrefixRows data;
  private final PrefixIndex index;
  private final List<PrefixRows.Row> rows;
  private final int n;
  private final int cps;
  private final DMatrixRMaj gram;
  private final DMatrixRMaj inverse;
  private final double[] alpha;
  private final double[] rowSum; // of similarities to rows of the same CP, including itself
  private final double[] cpSquare;
  private final Map<Integer, List<Integer>> groups = new HashMap<>();
  private final int[] entryPincode; // pincode of every pair of pincode and CP in the index
  private final float[] withoutGroup; // score by address row and CP

  /**
   * @param index of {@code data}, without ridge
   */
  Ridge(PrefixRows data, PrefixIndex index) {
    this.data = data;
    this.index = index;
    rows = data.rows();
    n = rows.size();
    cps = data.cps().size();
    gram = gram();
    rowSum = new double[n];
    cpSquare = new double[cps];
    for (int i = 0; i < n; i++) {
      int cp = rows.get(i).cp();
      for (int j = 0; j < n; j++) if (rows.get(j).cp() == cp) rowSum[i] += gram.get(i, j);
      cpSquare[cp] += rowSum[i];
    }
    inverse = inverse();
    alpha = alpha();
    for (int i = 0; i < data.addresses().size(); i++) {
      groups.computeIfAbsent(rows.get(i).group(), g -> new ArrayList<>()).add(i);
    }
    entryPincode = IntStream.range(0, entries()).map(index::pincodeOf).toArray();
    withoutGroup = new float[data.addresses().size() * cps];
    groups.values().forEach(this::scoreWithout);
  }

  /** Maximum memory of the constructor, in bytes. */
  static long bytes(int rows, int cps) {
    long perPair = Double.BYTES + Float.BYTES + Byte.BYTES; // weights, scores, the model file
    return rows * ((long) MATRICES * Double.BYTES * rows + perPair * cps);
  }

  /** Writes weights and norms into the model file. */
  void putInto(ModelFile.Writer writer) {
    var step = new float[cps];
    for (int cp = 0; cp < cps; cp++) {
      double most = 0;
      for (int i = 0; i < n; i++) most = Math.max(most, Math.abs(alpha[i * cps + cp]));
      step[cp] = (float) (most / STEPS);
    }
    var weights = new byte[n * cps];
    for (int i = 0; i < alpha.length; i++) {
      float size = step[i % cps];
      if (size > 0) weights[i % cps * n + i / cps] = (byte) Math.rint(alpha[i] / size);
    }
    var norm = new float[cps];
    for (int cp = 0; cp < cps; cp++) norm[cp] = (float) Math.sqrt(cpSquare[cp]);
    writer
        .putFloats(Section.ALPHA_STEP, step)
        .putBytes(Section.ALPHA, weights)
        .putFloats(Section.CP_NORM, norm);
  }

  /** The index without the group of an address row. */
  Evidence without(int row) {
    var group = Objects.requireNonNull(groups.get(rows.get(row).group()));
    return new WithoutGroup(group, row);
  }

  /** Number of pairs of pincode and CP, from training addresses and the CPs themselves. */
  private int entries() {
    var pairs = new HashSet<Map.Entry<Integer, Integer>>();
    for (var row : data.addresses()) pairs.add(Map.entry(row.pincode(), row.cp()));
    for (int cp = 0; cp < cps; cp++) pairs.add(Map.entry(data.cpPincode()[cp], cp));
    return pairs.size();
  }

  private DMatrixRMaj gram() {
    var g = new DMatrixRMaj(n, n);
    var features = new Features();
    for (int i = 0; i < n; i++) {
      var similarity = features.similarities(index, rows.get(i).text());
      for (int j = 0; j < n; j++) g.set(i, j, similarity[j]);
      // The index has dropped what only this row has; with it a row is wholly similar to itself.
      g.set(i, i, (index.hasWords(i) ? 1 : 0) + (index.hasChars(i) ? 1 : 0));
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        double mean = (g.get(i, j) + g.get(j, i)) / 2; // equal but for rounding
        g.set(i, j, mean);
        g.set(j, i, mean);
      }
    }
    return g;
  }

  private DMatrixRMaj inverse() {
    var a = gram.copy();
    for (int i = 0; i < n; i++) a.add(i, i, LAMBDA);
    var solver = LinearSolverFactory_DDRM.symmPosDef(n);
    if (!solver.setA(a)) {
      throw new IllegalStateException(
          "the similarities of prefix " + data.prefix() + " are no kernel");
    }
    // A solver that modifies its input still reads it; others have a copy.
    var out = solver.modifiesA() ? new DMatrixRMaj(n, n) : a;
    solver.invert(out);
    return out;
  }

  private double[] alpha() {
    var out = new double[n * cps];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) out[i * cps + rows.get(j).cp()] += inverse.get(i, j);
    }
    return out;
  }

  /** Leave-group-out scores of the rows of a group: y_B − (H_BB)⁻¹ α_B. */
  private void scoreWithout(List<Integer> group) {
    int size = group.size();
    var block = new DMatrixRMaj(size, size);
    var weights = new DMatrixRMaj(size, cps);
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) block.set(i, j, inverse.get(group.get(i), group.get(j)));
      for (int cp = 0; cp < cps; cp++) weights.set(i, cp, alpha[group.get(i) * cps + cp]);
    }
    var correction = new DMatrixRMaj(size, cps);
    var solver = LinearSolverFactory_DDRM.symmPosDef(size);
    if (!solver.setA(block)) throw new IllegalStateException("the ridge is singular");
    solver.solve(weights, correction);
    for (int i = 0; i < size; i++) {
      int row = group.get(i);
      for (int cp = 0; cp < cps; cp++) {
        int is = rows.get(row).cp() == cp ? 1 : 0;
        withoutGroup[row * cps + cp] = (float) (is - correction.get(i, cp));
      }
    }
  }

  private final class WithoutGroup implements Evidence {
    private final boolean[] out = new boolean[n];
    private final List<Integer> group;
    private final int row;

    WithoutGroup(List<Integer> group, int row) {
      this.group = group;
      this.row = row;
      group.forEach(i -> out[i] = true);
    }

    @Override
    public boolean leavesOut(int candidate) {
      return out[candidate];
    }

    @Override
    public float ridge(int cp, float[] similarity) {
      return withoutGroup[row * cps + cp];
    }

    @Override
    public float cpNorm(int cp) {
      double square = cpSquare[cp];
      for (int i : group) {
        if (rows.get(i).cp() != cp) continue;
        square -= 2 * rowSum[i];
        for (int j : group) if (rows.get(j).cp() == cp) square += gram.get(i, j);
      }
      return (float) Math.sqrt(Math.max(square, 0));
    }

    @Override
    public int cpRows(int cp) {
      return index.cpRows(cp) - (int) group.stream().filter(i -> rows.get(i).cp() == cp).count();
    }

    @Override
    public int pincodeRows(int entry) {
      int cp = index.pincodeCp(entry);
      int pincode = entryPincode[entry];
      return index.pincodeRows(entry)
          - (int)
              group.stream()
                  .filter(i -> rows.get(i).cp() == cp && rows.get(i).pincode() == pincode)
                  .count();
    }
  }
}
