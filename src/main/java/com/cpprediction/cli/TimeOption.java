package com.cpprediction.cli;

import com.cpprediction.training.Timestamps;
import java.time.Instant;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time in ISO 8601; without an offset it is in UTC, and a date is its midnight. */
final class TimeOption implements ITypeConverter<Instant> {
  @Override
  public Instant convert(String text) {
    var time = Timestamps.parse(text);
    if (time != null) return time;
    throw new TypeConversionException(
        "\"" + text + "\" is neither 2026-01-31 nor 2026-01-31T18:30:00+05:30");
  }
}
