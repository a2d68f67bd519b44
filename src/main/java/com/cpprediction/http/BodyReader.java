package com.cpprediction.http;

import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.ParseCost;
import com.cpprediction.json.StrictJson;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.ParsingPool;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.Callable;
import java.util.function.Function;

/** Parses the body of a request, gzip or not. Confined to one event loop. */
final class BodyReader {
  private static final byte[] EMPTY = {};

  private final ParsingPool pool;

  BodyReader(ParsingPool pool) {
    this.pool = pool;
  }

  /** Parses the JSON object in the body and converts it with {@code reader}, on any thread. */
  <T> Future<T> read(RoutingContext ctx, Function<JsonObject, T> reader) {
    return read(ctx, Operation.Parser.of(reader), Exchange.of(ctx).caller());
  }

  /** Parses the body with {@code parser} for {@code caller}, on any thread. */
  <T> Future<T> read(RoutingContext ctx, Operation.Parser<T> parser, String caller) {
    var body = RequestBody.of(ctx);
    if (body == null) return pool.parse(false, () -> parse(EMPTY, parser, caller));
    return read(body, RouteContract.gzipped(ctx.request()), parser, caller);
  }

  /** Parses {@code body} with {@code parser}, on any thread. */
  <T> Future<T> read(RequestBody body, boolean gzipped, Operation.Parser<T> parser, String caller) {
    return read(body, gzipped, bytes -> parse(bytes, parser, caller));
  }

  /** Reads {@code body} with {@code reader}, on any thread. */
  <T> Future<T> read(RequestBody body, boolean gzipped, Function<byte[], T> reader) {
    var bytes = body.bytes();
    Callable<T> reading = () -> reader.apply(gzipped ? body.gunzip() : bytes);
    if (!gzipped && !ParseCost.big(bytes)) return pool.parse(false, reading);
    body.retain(); // until it is parsed, even if its caller disconnects
    return pool.parse(true, reading).onComplete(read -> body.release());
  }

  static <T> T parse(byte[] body, Operation.Parser<T> parser, String caller) {
    try {
      var usual = parser.usual().apply(body, caller);
      if (usual != null) return usual;
      return parser.any().apply(StrictJson.parseRequest(body), caller);
    } catch (MalformedJsonException e) {
      throw Failure.MALFORMED_REQUEST.because(e.getMessage());
    }
  }
}
