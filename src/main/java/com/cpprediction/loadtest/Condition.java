package com.cpprediction.loadtest;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A comparison of one figure of a step with a bound, such as {@code p99>20ms}, {@code
 * error-rate>1%} or {@code rate<1000}.
 */
public final class Condition {
  private static final Pattern FORM =
      Pattern.compile("\\s*([a-z0-9.-]+)\\s*(<=|>=|<|>)\\s*(\\d+(?:\\.\\d+)?)\\s*([a-zµ%/]*)\\s*");

  private static final Map<String, Double> MILLIS =
      Map.of("us", 1e-3, "µs", 1e-3, "ms", 1.0, "s", 1e3);
  private static final Map<String, Double> SHARES = Map.of("%", 0.01, "", 1.0);
  private static final Map<String, Double> RATES = Map.of("/s", 1.0, "", 1.0);

  private final String text;
  private final Figure figure;
  private final String operator;
  private final double bound;

  /** Figures that can be compared. */
  private enum Figure {
    P50(MILLIS, step -> step.millis(50)),
    P90(MILLIS, step -> step.millis(90)),
    P99(MILLIS, step -> step.millis(99)),
    P99_9(MILLIS, step -> step.millis(99.9)),
    MAX(MILLIS, Step::maxMillis),
    ERROR_RATE(SHARES, Step::errorRate),
    RATE(RATES, Step::achieved);

    private final Map<String, Double> units;
    private final ToDoubleFunction<Step> value;

    Figure(Map<String, Double> units, ToDoubleFunction<Step> value) {
      this.units = units;
      this.value = value;
    }

    private String label() {
      return this == P99_9 ? "p99.9" : name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private Condition(String text, Figure figure, String operator, double bound) {
    this.text = text;
    this.figure = figure;
    this.operator = operator;
    this.bound = bound;
  }

  /**
   * Parses {@code FIGURE OPERATOR NUMBER UNIT}.
   *
   * @throws IllegalArgumentException when it is none; the message says what it must be like
   */
  public static Condition parse(String text) {
    var parts = FORM.matcher(text);
    if (!parts.matches()) throw new IllegalArgumentException("is not like p99<10ms");
    var figure =
        Arrays.stream(Figure.values())
            .filter(known -> known.label().equals(parts.group(1)))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "must begin with "
                            + Arrays.stream(Figure.values())
                                .map(Figure::label)
                                .collect(Collectors.joining(", "))));
    var unit = figure.units.get(parts.group(4));
    if (unit == null) {
      throw new IllegalArgumentException(
          figure.units == MILLIS
              ? "needs a unit: us, ms or s"
              : "has the unit \"%s\" that %s can't have".formatted(parts.group(4), figure.label()));
    }
    double bound = Double.parseDouble(parts.group(3)) * unit;
    return new Condition(text.strip(), figure, parts.group(2), bound);
  }

  /**
   * Whether it is true of {@code step}. A latency of a step without responses is above any bound.
   */
  public boolean holds(Step step) {
    double value = value(step);
    return switch (operator) {
      case "<" -> value < bound;
      case "<=" -> value <= bound;
      case ">" -> value > bound;
      default -> value >= bound;
    };
  }

  private double value(Step step) {
    boolean unknown = figure.units == MILLIS && step.latency().getTotalCount() == 0;
    return unknown ? Double.POSITIVE_INFINITY : figure.value.applyAsDouble(step);
  }

  /** The figure of {@code step}, such as {@code p99 is 23.1 ms}. */
  public String describe(Step step) {
    double value = value(step);
    var shown =
        figure.units == MILLIS
            ? String.format(Locale.ROOT, "%.2f ms", value)
            : figure.units == SHARES
                ? String.format(Locale.ROOT, "%.2f %%", 100 * value)
                : String.format(Locale.ROOT, "%.1f/s", value);
    return "%s is %s".formatted(figure.label(), shown);
  }

  /** As it was given. */
  @Override
  public String toString() {
    return text;
  }
}
