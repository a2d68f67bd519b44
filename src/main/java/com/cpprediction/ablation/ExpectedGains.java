package com.cpprediction.ablation;

import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/**
 * Gains that a document promised for the optimisations, without measurement.
 *
 * @param source the document
 * @param figures quotations, by optimisation
 */
record ExpectedGains(String source, Map<Optimisation, String> figures) {
  private static final String NONE = "no figure at hand";

  ExpectedGains {
    figures = Map.copyOf(figures);
  }

  /** Expected gains of the Python service that this one replaces. */
  static ExpectedGains packaged() {
    try (var in = ExpectedGains.class.getResourceAsStream("promised.json")) {
      return parse(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a file in the format of the packaged {@code promised.json}.
   *
   * @throws AblationException when it has another format
   */
  static ExpectedGains read(Path file) {
    try {
      return parse(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      throw new AblationException("There is no file " + file, e);
    } catch (IOException e) {
      throw new AblationException("Cannot read %s: %s".formatted(file, e.getMessage()), e);
    } catch (IllegalArgumentException | MalformedJsonException e) {
      throw new AblationException("%s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static ExpectedGains parse(byte[] utf8) {
    var json = StrictJson.parseObject(utf8);
    if (!(json.getValue("source") instanceof String source)
        || !(json.getValue("promised") instanceof JsonObject promised)) {
      throw new IllegalArgumentException("needs \"source\", a text, and \"promised\", an object");
    }
    var figures = new EnumMap<Optimisation, String>(Optimisation.class);
    for (var entry : promised) {
      var one =
          Optimisation.of(entry.getKey())
              .orElseThrow(
                  () -> new IllegalArgumentException(entry.getKey() + " is no optimisation"));
      if (entry.getValue() == null) continue;
      if (!(entry.getValue() instanceof String figure)) {
        throw new IllegalArgumentException(entry.getKey() + " must be a text or null");
      }
      figures.put(one, figure);
    }
    return new ExpectedGains(source, figures);
  }

  /** Whether any figure is known. */
  boolean any() {
    return !figures.isEmpty();
  }

  /**
   * Quotation for an optimisation.
   *
   * @param id of the optimisation; another gives a note that there is no figure
   */
  String of(String id) {
    return Optimisation.of(id).map(figures::get).orElse(NONE);
  }
}
