package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.PlatformHandler;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Stands before the handlers of one path: lets in what they can read and answer.
 *
 * @param pattern as the contract writes it
 * @param methods served here
 * @param types media types that can be answered
 */
record Endpoint(String pattern, List<HttpMethod> methods, List<String> types)
    implements PlatformHandler {
  /** Under which a route keeps its endpoint. */
  static final String KEY = "endpoint";

  static final String JSON = "application/json";

  private static final Pattern JSON_CONTENT =
      Pattern.compile(
          "application/json(\\s*;\\s*charset\\s*=\\s*\"?utf-8\"?)?\\s*", Pattern.CASE_INSENSITIVE);

  @Override
  public void handle(RoutingContext ctx) {
    Exchange.of(ctx).route(pattern);
    var request = ctx.request();
    if (!methods.contains(request.method())) {
      var allowed = methods.stream().map(HttpMethod::name).collect(Collectors.joining(", "));
      ctx.response().putHeader(HttpHeaders.ALLOW, allowed);
      throw Failure.METHOD_NOT_ALLOWED.because("Use " + allowed);
    }
    if (!acceptable(request.getHeader(HttpHeaders.ACCEPT))) {
      throw Failure.NOT_ACCEPTABLE.because("Can answer " + String.join(" or ", types));
    }
    if (request.method() == HttpMethod.POST) {
      var type = request.getHeader(HttpHeaders.CONTENT_TYPE);
      if (type != null && !type.equals(JSON) && !JSON_CONTENT.matcher(type).matches()) {
        throw Failure.UNSUPPORTED_MEDIA_TYPE.because("Send " + JSON + " in UTF-8");
      }
    }
    ctx.next();
  }

  private boolean acceptable(String accept) {
    for (var type : types) if (Accept.weight(accept, type) > 0) return true;
    return false;
  }
}
