package com.cpprediction.cluster;

import com.cpprediction.json.Digests;
import com.cpprediction.json.StrictJson;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Simulates the prefixes held per node, and those moved when a node joins or leaves, for the
 * shipped release and for one with a model per pincode; prints the table of {@code
 * src/docs/cluster.md}. Given a directory, it also writes the latter release there, as copies of
 * the smallest shipped model, for starting a service.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *     com.cpprediction.cluster.OwnershipSimulation [DIRECTORY]
 * </pre>
 */
final class OwnershipSimulation {
  private static final Path MODELS = Path.of("models");
  private static final int PINCODES = 19_000;
  private static final int FIRST = 110_001;
  private static final int STEP = 39; // ends below 856000, as pincodes do
  private static final int[] NODES = {1, 2, 3, 5, 10, 30};
  private static final int REPLICAS = 2;

  private OwnershipSimulation() {}

  public static void main(String[] arguments) throws IOException {
    var shipped = new TreeMap<String, Long>();
    var release = StrictJson.parseObject(Files.readAllBytes(MODELS.resolve("release.json")));
    for (var prefix : release.getJsonObject("manifests").fieldNames()) {
      shipped.put(prefix, Files.size(MODELS.resolve(prefix).resolve("model.mmap")));
    }
    var smallest =
        shipped.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey();
    var pincodes = new TreeMap<String, Long>();
    IntStream.range(0, PINCODES)
        .forEach(i -> pincodes.put(String.valueOf(FIRST + STEP * i), shipped.get(smallest)));
    print("shipped release", shipped);
    print("a model for each pincode", pincodes);
    if (arguments.length > 0) write(Path.of(arguments[0]), smallest, pincodes.keySet());
  }

  private static void print(String name, Map<String, Long> sizes) {
    System.out.printf(
        "%n%s: %d prefixes, %.0f MB, %d replicas%n",
        name,
        sizes.size(),
        sizes.values().stream().mapToLong(Long::longValue).sum() / 1e6,
        REPLICAS);
    System.out.println(
        "| nodes | prefixes per node, least..most | MB per node, least..most "
            + "| moved when one more joins (ideal) | moved when one leaves (ideal) |");
    System.out.println("|---|---|---|---|---|");
    for (int nodes : NODES) {
      var before = owners(sizes, names(nodes));
      var more = owners(sizes, names(nodes + 1));
      var fewer = owners(sizes, names(nodes - 1));
      var counts = new HashMap<String, Integer>();
      var bytes = new HashMap<String, Long>();
      before.forEach(
          (prefix, owners) -> {
            for (var owner : owners) {
              counts.merge(owner, 1, Integer::sum);
              bytes.merge(owner, sizes.get(prefix), Long::sum);
            }
          });
      int held = Math.min(REPLICAS, nodes);
      int heldByMore = Math.min(REPLICAS, nodes + 1);
      System.out.printf(
          "| %d | %d..%d | %.1f..%.1f | %d (%.0f) | %s |%n",
          nodes,
          counts.values().stream().mapToInt(Integer::intValue).min().orElse(0),
          counts.values().stream().mapToInt(Integer::intValue).max().orElse(0),
          bytes.values().stream().mapToLong(Long::longValue).min().orElse(0) / 1e6,
          bytes.values().stream().mapToLong(Long::longValue).max().orElse(0) / 1e6,
          moved(before, more),
          (double) sizes.size() * heldByMore / (nodes + 1),
          nodes == 1
              ? "-"
              : "%d (%.0f)"
                  .formatted(
                      moved(before, fewer),
                      nodes > REPLICAS ? (double) sizes.size() * held / nodes : 0));
    }
  }

  private static List<String> names(int nodes) {
    return IntStream.range(0, nodes).mapToObj(i -> "10.0.0.%d:5701".formatted(i + 1)).toList();
  }

  private static Map<String, List<String>> owners(Map<String, Long> sizes, List<String> nodes) {
    var owners = new TreeMap<String, List<String>>();
    for (var prefix : sizes.keySet()) {
      owners.put(prefix, Rendezvous.owners(prefix, nodes, n -> n, n -> 1, REPLICAS));
    }
    return owners;
  }

  /** Number of models that some node has to load. */
  private static int moved(Map<String, List<String>> from, Map<String, List<String>> to) {
    int moved = 0;
    for (var prefix : from.keySet()) {
      var gained = new HashSet<>(to.get(prefix));
      gained.removeAll(from.get(prefix));
      moved += gained.size();
    }
    return moved;
  }

  private static void write(Path directory, String from, Iterable<String> prefixes)
      throws IOException {
    var manifest =
        StrictJson.parseObject(Files.readAllBytes(MODELS.resolve(from).resolve("manifest.json")));
    var model = Files.readAllBytes(MODELS.resolve(from).resolve("model.mmap"));
    var release = StrictJson.parseObject(Files.readAllBytes(MODELS.resolve("release.json"))).copy();
    var shared = new ArrayList<String>();
    shared.add(release.getJsonObject("national").getString("path"));
    shared.add(manifest.getJsonObject("ranker").getString("path"));
    for (var path : shared) {
      var target = directory.resolve(path);
      Files.createDirectories(target.getParent());
      Files.copy(MODELS.resolve(path), target);
    }
    var manifests = new JsonObject();
    for (var prefix : prefixes) {
      var home = Files.createDirectories(directory.resolve(prefix));
      Files.write(home.resolve("model.mmap"), model);
      var isOwner = manifest.copy().put("prefix", prefix);
      isOwner.getJsonObject("index").put("path", prefix + "/model.mmap");
      var bytes = isOwner.toBuffer().getBytes();
      Files.write(home.resolve("manifest.json"), bytes);
      manifests.put(prefix, Digests.sha256Hex(bytes));
    }
    release.put("manifests", manifests);
    release.remove("sha256");
    var read = new JsonObject(release.encode());
    read.put("sha256", Digests.sha256Hex(read.encode().getBytes()));
    Files.write(directory.resolve("release.json"), read.toBuffer().getBytes());
  }
}
