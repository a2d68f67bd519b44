package com.cpprediction.http;

import com.cpprediction.inference.InferenceRequest;
import com.cpprediction.prediction.Failure;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.PlatformHandler;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Checks method, {@code Accept}, {@code Content-Type} and encoding before the handlers of a route.
 *
 * @param pattern as the contract writes it
 * @param consumes media types of request bodies
 * @param produces media types of responses
 * @param origins rejects cross-site requests
 */
record RouteContract(
    String pattern,
    List<HttpMethod> methods,
    List<String> consumes,
    List<String> produces,
    SameOrigin origins)
    implements PlatformHandler {
  /** Key in the metadata of a route. */
  static final String KEY = "endpoint";

  static final String JSON = "application/json";
  static final String NDJSON = "application/x-ndjson";

  /** JSON, and tensors as bytes after it. */
  static final String BINARY = "application/octet-stream";

  private static final String GZIP = "gzip";
  private static final Set<String> CODINGS = Set.of("", "identity", GZIP);

  /** Media types of pages and their parts. */
  private static final Set<String> PAGES =
      Set.of(StaticRoutes.HTML, StaticRoutes.JS, StaticRoutes.CSS);

  private static final Map<String, Pattern> CONTENT_TYPES =
      Map.of(JSON, optionalUtf8(JSON), NDJSON, optionalUtf8(NDJSON), BINARY, exactly(BINARY));

  @Override
  public void handle(RoutingContext ctx) {
    var exchange = Exchange.of(ctx);
    exchange.route(pattern);
    var request = ctx.request();
    origins.check(request, PAGES.containsAll(produces) || produces.contains(StaticRoutes.HTML));
    if (!methods.contains(request.method())) {
      var allowed = methods.stream().map(HttpMethod::name).collect(Collectors.joining(", "));
      ctx.response().putHeader(HttpHeaders.ALLOW, allowed);
      throw Failure.METHOD_NOT_ALLOWED.because("Use " + allowed);
    }
    exchange.method(request.method());
    if (!acceptable(request.getHeader(HttpHeaders.ACCEPT))) {
      throw Failure.NOT_ACCEPTABLE.because("Can answer " + String.join(" or ", produces));
    }
    if (request.method() == HttpMethod.POST) {
      if (!typeMatches(request)) {
        throw Failure.UNSUPPORTED_MEDIA_TYPE.because(
            "Send %s, and a Content-Type that says so"
                .formatted(
                    consumes.stream()
                        .map(type -> type.equals(BINARY) ? type : type + " in UTF-8")
                        .collect(Collectors.joining(" or "))));
      }
      if (!CODINGS.containsAll(codings(request))) {
        ctx.response().putHeader(HttpHeaders.ACCEPT_ENCODING, GZIP);
        throw Failure.UNSUPPORTED_MEDIA_TYPE.because(
            "Send the body as it is, or with the Content-Encoding gzip, once");
      }
    }
    ctx.next();
  }

  /**
   * Whether the body is of a type that is read. Requiring a type, or a header that no form of a
   * page has, keeps cross-site forms out; clients of Triton send that header and no type.
   */
  private boolean typeMatches(HttpServerRequest request) {
    var type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    if (type == null) {
      return !hasBody(request)
          || consumes.contains(BINARY) && request.headers().contains(InferenceRequest.JSON_LENGTH);
    }
    for (var each : consumes) {
      if (type.equals(each)) return true;
      if (Objects.requireNonNull(CONTENT_TYPES.get(each)).matcher(type).matches()) return true;
    }
    return false;
  }

  static boolean gzipped(HttpServerRequest request) {
    return codings(request).contains(GZIP);
  }

  /** The content codings; a repeated header is joined into one unsupported coding. */
  private static Set<String> codings(HttpServerRequest request) {
    var headers = request.headers().getAll(HttpHeaders.CONTENT_ENCODING);
    if (headers.isEmpty()) return Set.of();
    return headers.size() > 1
        ? Set.of(String.join(",", headers))
        : Set.of(headers.get(0).strip().toLowerCase(Locale.ROOT).replaceFirst("^x-gzip$", GZIP));
  }

  private static boolean hasBody(HttpServerRequest request) {
    var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return request.headers().contains(HttpHeaders.TRANSFER_ENCODING)
        || length != null && !length.equals("0");
  }

  private static Pattern optionalUtf8(String type) {
    return Pattern.compile(
        Pattern.quote(type) + "(\\s*;\\s*charset\\s*=\\s*\"?utf-8\"?)?\\s*",
        Pattern.CASE_INSENSITIVE);
  }

  private static Pattern exactly(String type) {
    return Pattern.compile(Pattern.quote(type) + "\\s*", Pattern.CASE_INSENSITIVE);
  }

  private boolean acceptable(@Nullable String accept) {
    for (var type : produces) if (Accept.weight(accept, type) > 0) return true;
    return false;
  }
}
