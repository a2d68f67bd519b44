package com.cpprediction.csv;

import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.StringWriter;
import java.util.List;

/** Rows of CSV as text. Used by one thread. */
public final class CsvText {
  private final StringWriter text = new StringWriter();
  private final CsvWriter csv;
  private final CsvOutput.Form form;

  /** Rows in {@code form}. */
  public CsvText(CsvOutput.Form form) {
    this.form = form;
    csv = CsvOutput.builder(form).bufferSize(0).build(text);
  }

  /** The first row, after the byte order mark that the form may have. */
  public String header(List<String> names) {
    return (form.marked() ? "\ufeff" : "") + row(names);
  }

  /** A row with its line end. */
  public String row(List<String> cells) {
    text.getBuffer().setLength(0);
    csv.writeRecord(cells);
    return text.toString();
  }
}
