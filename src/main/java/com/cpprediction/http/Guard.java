package com.cpprediction.http;

import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Authorizes requests by bearer token before a route's handlers run. */
final class Guard {
  private static final CharSequence CHALLENGE = HttpHeaders.createOptimized("WWW-Authenticate");
  private static final CharSequence FORWARDED = HttpHeaders.createOptimized("Forwarded");
  private static final CharSequence FORWARDED_FOR = HttpHeaders.createOptimized("X-Forwarded-For");
  private static final String BEARER = "Bearer ";
  private static final String REALM = "Bearer realm=\"cp\"";
  private static final String WRONG = REALM + ", error=\"invalid_token\"";

  private final Supplier<HttpConfig> config;

  /**
   * @param config the active configuration, read per request
   */
  Guard(Supplier<HttpConfig> config) {
    this.config = config;
  }

  /** Admits operators: by admin token, or from this machine only while no token is configured. */
  void admin(RoutingContext ctx) {
    var tokens = config.get().adminToken();
    if (tokens.none()) {
      if (!onThisMachine(ctx.request())) {
        throw unauthorized(
            ctx, REALM, "Set http.admin_token to do this from another machine, or through a proxy");
      }
    } else {
      var token = token(ctx.request());
      if (token == null || !tokens.accept(token)) throw refused(ctx);
    }
    ctx.next();
  }

  /** Whether {@link #admin} would admit the caller. */
  boolean isOperator(RoutingContext ctx) {
    var tokens = config.get().adminToken();
    if (tokens.none()) return onThisMachine(ctx.request());
    var token = token(ctx.request());
    return token != null && tokens.accept(token);
  }

  /** Admits callers of predictions: by predict or admin token, or all while none is configured. */
  void predict(RoutingContext ctx) {
    var caller = caller(ctx.request());
    if (caller == null) throw refused(ctx);
    Exchange.of(ctx).caller(caller);
    ctx.next();
  }

  /**
   * The name of the caller of {@code request}, by its token for predictions or for operators; empty
   * where it has none, null where {@link #predict} would refuse it. Digests the token once.
   */
  @Nullable String caller(HttpServerRequest request) {
    var http = config.get();
    var refusal = http.predictToken().none() ? BearerTokens.UNNAMED : null;
    if (http.predictToken().none() && !http.adminToken().named()) return BearerTokens.UNNAMED;
    var token = token(request);
    if (token == null) return refusal;
    var digest = BearerTokens.digest(token);
    var caller = http.predictToken().caller(digest);
    var operator = http.adminToken().caller(digest);
    if (caller != null) return caller;
    return operator == null ? refusal : operator;
  }

  /** Whether {@code request} comes from this machine and not through a proxy on it. */
  static boolean onThisMachine(HttpServerRequest request) {
    var headers = request.headers();
    return isLoopback(request.connection().remoteAddress())
        && !headers.contains(FORWARDED)
        && !headers.contains(FORWARDED_FOR)
        && SameOrigin.namesThisMachine(request);
  }

  /** Whether {@code host} is a loopback address; may resolve a name, which blocks. */
  static boolean isLoopbackHost(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) { // binding will fail, too
      return false;
    }
  }

  /** Whether {@code address} is loopback; a name is not resolved. */
  static boolean isLoopback(@Nullable SocketAddress address) {
    if (address == null || !address.isInetSocket() || address.hostAddress() == null) return false;
    try {
      return InetAddress.getByName(address.hostAddress()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static ServiceException refused(RoutingContext ctx) {
    return token(ctx.request()) == null
        ? unauthorized(ctx, REALM, "Send Authorization: Bearer and a token")
        : unauthorized(ctx, WRONG, "This token is not accepted here");
  }

  /** The bearer token (RFC 6750), where there is exactly one such header. */
  private static @Nullable String token(HttpServerRequest request) {
    var headers = request.headers().getAll(HttpHeaders.AUTHORIZATION);
    if (headers.size() != 1) return null;
    var header = headers.get(0);
    boolean bearer = header.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return bearer ? header.substring(BEARER.length()).strip() : null;
  }

  private static ServiceException unauthorized(
      RoutingContext ctx, String challenge, String detail) {
    ctx.response().putHeader(CHALLENGE, challenge);
    return Failure.UNAUTHORIZED.because(detail);
  }
}
