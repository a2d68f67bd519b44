package com.cpprediction.ablation;

import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.StrictJson;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * All that was measured, and where: enough to draw every table and plot again.
 *
 * @param environment of the machine, by what it is, for people
 * @param plan how it was measured, as {@link Plan#toJson} says it
 * @param rate requests per second in the open loop
 * @param runs in the order they were made
 */
record Recording(JsonObject environment, JsonObject plan, double rate, List<Run> runs) {
  private static final int FORMAT = 1;

  Recording {
    runs = List.copyOf(runs);
  }

  Summary summary() {
    return new Summary(runs);
  }

  /** The runs that don't count. */
  List<Run> failed() {
    return runs.stream().filter(run -> !run.fine()).toList();
  }

  /** Runs that were planned and not made. */
  int missing() {
    return plan.getJsonArray("states").size() * plan.getInteger("rounds") - runs.size();
  }

  JsonObject toJson() {
    var measured = new JsonArray();
    runs.forEach(run -> measured.add(run.toJson()));
    var switches = new JsonObject();
    for (var state : State.every()) switches.put(state.id(), state.config());
    return new JsonObject()
        .put("format", FORMAT)
        .put("environment", environment)
        .put("plan", plan)
        .put("open_loop_rate", rate)
        .put("states", switches)
        .put("summary", summarised())
        .put("runs", measured);
  }

  private JsonObject summarised() {
    var summary = summary();
    var means = new JsonObject();
    for (var state : summary.states()) {
      var figures = new JsonObject();
      for (var metric : Metric.values()) {
        summary.mean(state, metric).ifPresent(mean -> figures.put(metric.id(), mean));
      }
      means.put(state.id(), figures);
    }
    var alone = new JsonObject();
    var last = new JsonObject();
    for (var one : Optimisation.values()) {
      var onlyIt = new JsonObject();
      var itToo = new JsonObject();
      for (var metric : Metric.values()) {
        summary.alone(one, metric).ifPresent(found -> onlyIt.put(metric.id(), json(found, metric)));
        summary.last(one, metric).ifPresent(found -> itToo.put(metric.id(), json(found, metric)));
      }
      if (!onlyIt.isEmpty()) alone.put(one.id(), onlyIt);
      if (!itToo.isEmpty()) last.put(one.id(), itToo);
    }
    var all = new JsonObject();
    for (var metric : Metric.values()) {
      summary.all(metric).ifPresent(found -> all.put(metric.id(), json(found, metric)));
    }
    return new JsonObject()
        .put("means", means)
        .put("alone_against_unoptimised", alone)
        .put("all_against_all_but_one", last)
        .put("all_against_unoptimised", all);
  }

  private static JsonObject json(Interval interval, Metric metric) {
    var json = new JsonObject().put("ratio", interval.ratio());
    if (interval.known()) json.put("low", interval.low()).put("high", interval.high());
    return metric.better() == Metric.Better.NEITHER
        ? json
        : json.put("verdict", interval.verdict(metric.better()).label());
  }

  /**
   * @param file what {@link #toJson} was written to
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
      return new Recording(
          json.getJsonObject("environment"),
          json.getJsonObject("plan"),
          json.getDouble("open_loop_rate"),
          json.getJsonArray("runs").stream().map(run -> Run.from((JsonObject) run)).toList());
    } catch (IOException e) {
      throw new AblationException("Cannot read %s: %s".formatted(file, e.getMessage()), e);
    } catch (AblationException e) {
      throw e;
    } catch (ServiceException | UncheckedIOException e) {
      throw new AblationException("%s: %s".formatted(file, e.getMessage()), e);
    } catch (RuntimeException e) { // an entry is missing or of another type
      throw new AblationException(file + " is not what ablation --report wrote", e);
    }
  }
}
