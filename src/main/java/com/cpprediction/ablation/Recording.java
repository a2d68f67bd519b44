package com.cpprediction.ablation;

import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * All runs of a comparison, with machine and plan: the source of every table and chart.
 *
 * @param environment machine, date and command, as text for the report
 * @param plan as {@link Plan#toJson} returned it
 * @param rate requests per second in the open loop
 * @param runs in the order of measuring
 */
record Recording(
    JsonObject environment, Design design, JsonObject plan, double rate, List<Run> runs) {
  private static final int FORMAT = 1;

  Recording {
    runs = List.copyOf(runs);
  }

  Summary summary() {
    return new Summary(design, runs);
  }

  /** The invalid runs. */
  List<Run> failed() {
    return runs.stream().filter(run -> !run.valid()).toList();
  }

  /** Number of planned runs that were not made. */
  int missing() {
    return plan.getJsonArray("states").size() * plan.getInteger("rounds") - runs.size();
  }

  JsonObject toJson() {
    var measured = new JsonArray();
    runs.forEach(run -> measured.add(run.toJson()));
    return new JsonObject()
        .put("format", FORMAT)
        .put("environment", environment)
        .put("plan", plan)
        .put("open_loop_rate", rate)
        .put("states", design.configurations())
        .put("summary", summarised())
        .put("runs", measured);
  }

  private JsonObject summarised() {
    var summary = summary();
    var means = new JsonObject();
    for (var variant : summary.variants()) {
      var figures = new JsonObject();
      for (var metric : Metric.values()) {
        summary.mean(variant.id(), metric).ifPresent(mean -> figures.put(metric.id(), mean));
      }
      means.put(variant.id(), figures);
    }
    var json = new JsonObject().put("means", means);
    design.contrasts().forEach(contrast -> put(json, contrast, summary));
    return json;
  }

  private static void put(JsonObject json, Contrast contrast, Summary summary) {
    var ratios = new JsonObject();
    for (var metric : Metric.values()) {
      summary
          .ratio(contrast, metric)
          .ifPresent(found -> ratios.put(metric.id(), json(found, metric)));
    }
    if (ratios.isEmpty()) return;
    var parent = json;
    for (var name : contrast.path().subList(0, contrast.path().size() - 1)) {
      if (!parent.containsKey(name)) parent.put(name, new JsonObject());
      parent = parent.getJsonObject(name);
    }
    parent.put(contrast.key(), ratios);
  }

  private static JsonObject json(Interval interval, Metric metric) {
    var json = new JsonObject().put("ratio", interval.ratio());
    if (interval.known()) json.put("low", interval.low()).put("high", interval.high());
    return metric.better() == Metric.Better.NEITHER
        ? json
        : json.put("verdict", interval.verdict(metric.better()).label());
  }

  /**
   * Reads a file that holds {@link #toJson}.
   *
   * @throws AblationException when it is no such file
   */
  static Recording read(Path file) {
    try {
      var json = StrictJson.parseObject(Files.readAllBytes(file));
      if (!Integer.valueOf(FORMAT).equals(json.getValue("format"))) {
        throw new AblationException(
            "%s has format %s, this version reads format %d"
                .formatted(file, json.getValue("format"), FORMAT));
      }
      var plan = json.getJsonObject("plan");
      var design = Design.from(plan, json.getJsonObject("states"));
      return new Recording(
          json.getJsonObject("environment"),
          design,
          plan,
          json.getDouble("open_loop_rate"),
          json.getJsonArray("runs").stream()
              .map(run -> Run.from((JsonObject) run, design))
              .toList());
    } catch (NoSuchFileException e) {
      throw new AblationException("There is no file " + file, e);
    } catch (IOException e) {
      throw new AblationException("Cannot read %s: %s".formatted(file, e.getMessage()), e);
    } catch (AblationException e) {
      throw e;
    } catch (MalformedJsonException | UncheckedIOException e) {
      throw new AblationException("%s: %s".formatted(file, e.getMessage()), e);
    } catch (RuntimeException e) { // an entry is missing or of another type
      throw new AblationException(file + " is not what ablation --report wrote", e);
    }
  }
}
