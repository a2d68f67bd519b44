package com.cpprediction.model.format;

import com.cpprediction.json.Digests;
import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import com.cpprediction.prediction.Address;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The {@code manifest.json} of a prefix's model.
 *
 * @param prefix one to six digits, the name of its directory
 * @param index the model file
 * @param ranker the XGBoost model; prefixes may share one
 * @param forest the same model as it is served, in the format of {@link Forest}
 * @param cps codes of the CPs that it can predict
 * @param rows number of training addresses
 * @param places number of counted ones: of each place at most two for a CP
 * @param scores accuracy, top-3 accuracy and calibration on held-out addresses, by question, as in
 *     {@code evaluate --json}; empty when none were held out
 * @param golden addresses with their expected candidates
 */
public record Manifest(
    String prefix,
    FileRef index,
    FileRef ranker,
    FileRef forest,
    List<String> cps,
    int rows,
    int places,
    JsonObject scores,
    List<Golden> golden) {
  /** Version of the manifest format. */
  public static final int FORMAT = 3;

  /** File name in the directory of the prefix. */
  public static final String FILE = "manifest.json";

  private static final Pattern PREFIX = Pattern.compile("[1-9][0-9]{0,5}");
  private static final Pattern SAFE_PATH =
      Pattern.compile("([0-9A-Za-z_-][0-9A-Za-z._-]*/)?[0-9A-Za-z_-][0-9A-Za-z._-]*");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /**
   * A file of the release.
   *
   * @param path relative to the directory of the release
   * @param bytes its size
   * @param sha256 64 hex digits over its content
   */
  public record FileRef(String path, long bytes, String sha256) {
    public FileRef {
      if (!SAFE_PATH.matcher(path).matches()) {
        throw new ModelException("manifest names the file \"" + path + "\" outside the release");
      }
      if (!SHA256.matcher(sha256).matches()) {
        throw new ModelException("manifest has no SHA-256 for " + path);
      }
    }

    /** A reference to a file {@code path} with {@code content}. */
    public static FileRef of(String path, byte[] content) {
      return new FileRef(path, content.length, Digests.sha256Hex(content));
    }

    public JsonObject toJson() {
      return new JsonObject().put("path", path).put("bytes", bytes).put("sha256", sha256);
    }

    static FileRef from(JsonObject json) {
      return new FileRef(json.getString("path"), json.getLong("bytes"), json.getString("sha256"));
    }
  }

  /**
   * An address with its expected candidates.
   *
   * @param answers the best candidates with their XGBoost scores, best first
   */
  public record Golden(Address address, List<Answer> answers) {
    /**
     * A candidate.
     *
     * @param score the ranker's, without trust in the pincode
     */
    public record Answer(String cp, float score) {
      JsonObject toJson() {
        // The shortest decimal that parses to the same float.
        return new JsonObject().put("cp", cp).put("score", Double.valueOf(Float.toString(score)));
      }
    }

    public Golden {
      answers = List.copyOf(answers);
      if (answers.isEmpty()) throw new ModelException("manifest has a golden address unanswered");
    }

    public JsonObject toJson() {
      var json = new JsonArray();
      for (var answer : answers) {
        json.add(answer.toJson());
      }
      return new JsonObject()
          .put("address", address.text())
          .put("pincode", address.pincode())
          .put("answers", json);
    }

    static Golden from(JsonObject json) {
      var pincode = json.getString("pincode");
      boolean given = pincode != null;
      if (given && !(pincode.length() == 6 && isPrefix(pincode) && pincode.charAt(0) != '0')) {
        throw new ModelException("manifest has a golden address with the pincode " + pincode);
      }
      return new Golden(
          new Address(json.getString("address"), pincode),
          json.getJsonArray("answers").stream()
              .map(JsonObject.class::cast)
              .map(answer -> new Answer(answer.getString("cp"), answer.getFloat("score")))
              .toList());
    }
  }

  public Manifest {
    if (!isPrefix(prefix)) throw new ModelException("\"" + prefix + "\" is no pincode prefix");
    Objects.requireNonNull(scores, "scores");
    cps = List.copyOf(cps);
    golden = List.copyOf(golden);
  }

  /** Whether {@code name} can be a prefix: one to six digits, the first not 0. */
  public static boolean isPrefix(String name) {
    return PREFIX.matcher(name).matches();
  }

  /** First eight digits of a digest over the files. */
  public String version() {
    var files = index.sha256() + ranker.sha256() + forest.sha256();
    return Digests.sha256Hex(files.getBytes(StandardCharsets.US_ASCII)).substring(0, 8);
  }

  public JsonObject toJson() {
    return new JsonObject()
        .put("format", FORMAT)
        .put("prefix", prefix)
        .put("version", version())
        .put("index", index.toJson())
        .put("ranker", ranker.toJson())
        .put("forest", forest.toJson())
        .put(
            "features",
            new JsonObject()
                .put("schema", Features.SCHEMA)
                .put("names", new JsonArray(Features.NAMES)))
        .put("rows", rows)
        .put("places", places)
        .put("scores", scores)
        .put("cps", new JsonArray(cps))
        .put("golden", new JsonArray(golden.stream().map(Golden::toJson).toList()));
  }

  /**
   * @throws ModelException when {@code utf8} isn't a manifest of this format
   */
  public static Manifest parse(byte[] utf8) {
    try {
      var json = StrictJson.parseObject(utf8);
      if (!Integer.valueOf(FORMAT).equals(json.getValue("format"))) {
        throw new ModelException(
            "manifest has format %s, this service reads format %d; train the release again"
                .formatted(json.getValue("format"), FORMAT));
      }
      var schema = json.getJsonObject("features").getString("schema");
      if (!Features.SCHEMA.equals(schema)) {
        throw new ModelException(
            "model has features %s, this service computes %s; train the release again"
                .formatted(schema, Features.SCHEMA));
      }
      return new Manifest(
          json.getString("prefix"),
          FileRef.from(json.getJsonObject("index")),
          FileRef.from(json.getJsonObject("ranker")),
          FileRef.from(json.getJsonObject("forest")),
          json.getJsonArray("cps").stream().map(String.class::cast).toList(),
          json.getInteger("rows"),
          json.getInteger("places"),
          json.getJsonObject("scores"),
          json.getJsonArray("golden").stream().map(g -> Golden.from((JsonObject) g)).toList());
    } catch (MalformedJsonException e) {
      throw new ModelException("manifest: " + e.getMessage());
    } catch (ClassCastException | NullPointerException e) {
      throw new ModelException("manifest lacks an entry or has one of a wrong type");
    }
  }
}
