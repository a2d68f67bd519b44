package com.cpprediction.cli;

import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;

/** A completed command, run in this JVM. */
public record CommandRun(int exit, String out, String err) {
  public static CommandRun of(String... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    int exit = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new CommandRun(exit, out.toString(), err.toString());
  }

  /** The output as JSON. */
  public JsonObject json() {
    return new JsonObject(out);
  }
}
