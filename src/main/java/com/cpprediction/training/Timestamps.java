package com.cpprediction.training;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Dates and times of day in ISO 8601, such as 2026-01-31 and 2026-01-31T18:30:00+05:30. */
public final class Timestamps {
  private static final Pattern ISO =
      Pattern.compile(
          "(\\d{4})-(\\d\\d)-(\\d\\d)" // date
              + "(?:[Tt ](\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?)" // time of day
              + " ?(Z|z|[+-]\\d\\d(?::?\\d\\d)?)?)?"); // offset

  private Timestamps() {}

  /**
   * Parses a date, whose time of day is midnight, or a date and time; without an offset in UTC.
   *
   * @return null when {@code text} is neither
   */
  public static @Nullable Instant parse(String text) {
    var match = ISO.matcher(text);
    if (!match.matches()) return null;
    try {
      var date = LocalDate.of(number(match, 1), number(match, 2), number(match, 3));
      var time = match.group(4) == null ? LocalTime.MIDNIGHT : LocalTime.parse(match.group(4));
      var offset = match.group(5);
      var zone = offset == null ? ZoneOffset.UTC : ZoneOffset.of(offset.toUpperCase(Locale.ROOT));
      return date.atTime(time).toInstant(zone);
    } catch (DateTimeException e) { // such as 31 February
      return null;
    }
  }

  private static int number(MatchResult match, int group) {
    return Integer.parseInt(match.group(group));
  }
}
