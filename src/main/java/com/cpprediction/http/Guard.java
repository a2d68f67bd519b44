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

/** Stands before the handlers of a route: lets in those who may ask, by their bearer token. */
final class Guard {
  private static final CharSequence CHALLENGE = HttpHeaders.createOptimized("WWW-Authenticate");
  private static final CharSequence FORWARDED = HttpHeaders.createOptimized("Forwarded");
  private static final CharSequence FORWARDED_FOR = HttpHeaders.createOptimized("X-Forwarded-For");
  private static final String BEARER = "Bearer ";
  private static final String REALM = "Bearer realm=\"cp\"";
  private static final String WRONG = REALM + ", error=\"invalid_token\"";

  private final Supplier<HttpConfig> config;

  /**
   * @param config in force now; its tokens are read per request
   */
  Guard(Supplier<HttpConfig> config) {
    this.config = config;
  }

  /** What an operator does: without a token to ask for, only on this machine. */
  void admin(RoutingContext ctx) {
    var tokens = config.get().adminToken();
    if (tokens.none()) {
      if (!onThisMachine(ctx.request())) {
        throw refusal(
            ctx, REALM, "Set http.admin_token to do this from another machine, or through a proxy");
      }
    } else {
      check(ctx, tokens, BearerTokens.NONE);
    }
    ctx.next();
  }

  /** Whether an operator asks: who may do what {@link #admin} guards. */
  boolean operator(RoutingContext ctx) {
    var tokens = config.get().adminToken();
    if (tokens.none()) return onThisMachine(ctx.request());
    var token = token(ctx.request());
    return token != null && tokens.accept(token);
  }

  /** What a caller does who wants predictions. */
  void predict(RoutingContext ctx) {
    var http = config.get();
    if (!http.predictToken().none()) check(ctx, http.predictToken(), http.adminToken());
    ctx.next();
  }

  /** Whether {@link #predict} lets {@code request} pass. */
  boolean mayPredict(HttpServerRequest request) {
    var http = config.get();
    if (http.predictToken().none()) return true;
    var token = token(request);
    return token != null && (http.predictToken().accept(token) | http.adminToken().accept(token));
  }

  /**
   * Whether {@code request} was sent on this machine, to this machine, and not passed on by a proxy
   * that stands here for others.
   */
  static boolean onThisMachine(HttpServerRequest request) {
    var headers = request.headers();
    return local(request.connection().remoteAddress())
        && !headers.contains(FORWARDED)
        && !headers.contains(FORWARDED_FOR)
        && SameOrigin.local(request);
  }

  /** Whether who listens at {@code host} is reached from this machine only; may block. */
  static boolean loopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) { // nor can it be listened at
      return false;
    }
  }

  /** Whether the other end is on this machine; an address that isn't numeric is not looked up. */
  static boolean local(SocketAddress address) {
    if (address == null || !address.isInetSocket() || address.hostAddress() == null) return false;
    try {
      return InetAddress.getByName(address.hostAddress()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static void check(RoutingContext ctx, BearerTokens tokens, BearerTokens others) {
    var token = token(ctx.request());
    if (token == null) throw refusal(ctx, REALM, "Send Authorization: Bearer and a token");
    if (!(tokens.accept(token) | others.accept(token))) {
      throw refusal(ctx, WRONG, "This token is not accepted here");
    }
  }

  /** What comes after {@code Bearer} (RFC 6750), null when there isn't exactly one such header. */
  private static String token(HttpServerRequest request) {
    var headers = request.headers().getAll(HttpHeaders.AUTHORIZATION);
    if (headers.size() != 1) return null;
    var header = headers.get(0);
    boolean bearer = header.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return bearer ? header.substring(BEARER.length()).strip() : null;
  }

  private static ServiceException refusal(RoutingContext ctx, String challenge, String detail) {
    ctx.response().putHeader(CHALLENGE, challenge);
    return Failure.UNAUTHORIZED.because(detail);
  }
}
