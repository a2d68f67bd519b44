package com.cpprediction.config;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/**
 * @param dir directory of the release to serve; restart; JSON: {@code models.dir}
 * @param engine what ranks: {@code mapped}, plain Java over the model file, or {@code xgboost},
 *     DJL's; restart; JSON: {@code models.engine}
 * @param mapping where model files are kept: {@code mapped}, in the page cache, or {@code heap};
 *     restart; JSON: {@code models.mapping}
 * @param preload when a model is read: at {@code startup}, or {@code per_request}; restart; JSON:
 *     {@code models.preload}
 * @param poll how often to look for a new release in the directory, 0..3,600,000 ms, 0 for never;
 *     hot; JSON: {@code models.poll_ms}
 */
public record ModelsConfig(
    String dir, String engine, String mapping, String preload, Duration poll) {
  private static final Pattern PATH = Pattern.compile("\\S"); // first: the default is checked

  static final ModelsConfig DEFAULT =
      new ModelsConfig("models", "mapped", "mapped", "startup", Duration.ofSeconds(2));

  public ModelsConfig {
    Check.text("models.dir", dir, PATH);
    Check.oneOf("models.engine", engine, List.of("mapped", "xgboost"));
    Check.oneOf("models.mapping", mapping, List.of("mapped", "heap"));
    Check.oneOf("models.preload", preload, List.of("startup", "per_request"));
    Check.range("models.poll_ms", poll.toMillis(), 0, 3_600_000);
  }

  /** Whether model files are read into memory. */
  public boolean heap() {
    return mapping.equals("heap");
  }

  /** Whether the model that a request needs is read for that request. */
  public boolean perRequest() {
    return preload.equals("per_request");
  }
}
