package com.cpprediction.http;

import com.cpprediction.auth.Access.Condition;
import com.cpprediction.auth.Caller;
import com.cpprediction.auth.Callers;
import com.cpprediction.config.Role;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.PlatformHandler;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Authorizes requests by bearer token before a route's handlers run. */
final class Guard {
  private static final CharSequence CHALLENGE = HttpHeaders.createOptimized("WWW-Authenticate");
  private static final CharSequence FORWARDED = HttpHeaders.createOptimized("Forwarded");
  private static final CharSequence FORWARDED_FOR = HttpHeaders.createOptimized("X-Forwarded-For");
  private static final String BEARER = "Bearer ";
  private static final String REALM = "Bearer realm=\"cp\"";
  private static final String WRONG = REALM + ", error=\"invalid_token\"";
  private static final String INSUFFICIENT = REALM + ", error=\"insufficient_scope\", scope=\"%s\"";

  private final Callers callers;

  Guard(Callers callers) {
    this.callers = callers;
  }

  /**
   * Admits callers with {@code role}. While no token grants it, it admits every caller to {@link
   * Role#READ} and {@link Role#PREDICT}, unless other tokens are configured for them, and callers
   * on this machine to the other roles.
   */
  PlatformHandler require(Role role) {
    return ctx -> {
      var jwt = unverified(ctx.request());
      if (jwt == null) admit(ctx, role);
      else verify(ctx, role, jwt);
    };
  }

  /** The JWT of a request whose caller is not known yet, else null. */
  private @Nullable String unverified(HttpServerRequest request) {
    var token = token(request);
    if (token == null || !callers.verifies(token)) return null;
    return callers.caller(callers.access(), token) == null ? token : null;
  }

  private void admit(RoutingContext ctx, Role role) {
    var caller =
        authorized(
            ctx.request(), role, challenge -> ctx.response().putHeader(CHALLENGE, challenge));
    Exchange.of(ctx).caller(caller);
    ctx.next();
  }

  /** Admits a caller once its JWT is verified. */
  private void verify(RoutingContext ctx, Role role, String token) {
    ctx.request().pause();
    Promise<Void> here = ((ContextInternal) ctx.vertx().getOrCreateContext()).promise();
    callers.verify(token).onComplete(here);
    here.future()
        .onComplete(
            (verified, failure) -> {
              if (ctx.response().closed()) return;
              ctx.request().resume();
              if (failure != null) ctx.fail(failure);
              else Guard.run(ctx, () -> admit(ctx, role));
            });
  }

  private static void run(RoutingContext ctx, Runnable step) {
    try {
      step.run();
    } catch (ServiceException e) {
      ctx.fail(e);
    }
  }

  /**
   * The caller of a request; of one with a response under way by the rights that it has now.
   *
   * @return fails where {@link #require} would refuse it; on the current context
   */
  Future<Caller> authorize(HttpServerRequest request, Role role) {
    var jwt = unverified(request);
    Promise<Void> here = ContextInternal.current().promise();
    if (jwt == null) here.complete();
    else callers.verify(jwt).onComplete(here);
    return here.future().map(verified -> authorized(request, role, challenge -> {}));
  }

  /**
   * @param challenges receives a challenge for the response, where the caller is refused
   */
  private Caller authorized(HttpServerRequest request, Role role, Consumer<String> challenges) {
    var access = callers.access();
    if (role == Role.PREDICT && access.anonymous()) return Caller.ANONYMOUS;
    var token = token(request);
    var caller = token == null ? null : callers.caller(access, token);
    if (permitted(request, access.condition(role), role, caller)) {
      return caller == null ? Caller.ANONYMOUS : caller;
    }
    throw refused(challenges, access.condition(role), role, token, caller);
  }

  private static boolean permitted(
      HttpServerRequest request, Condition condition, Role role, @Nullable Caller caller) {
    return switch (condition) {
      case OPEN -> true;
      case LOCAL -> onThisMachine(request);
      case TOKEN -> caller != null && caller.has(role);
    };
  }

  private static ServiceException refused(
      Consumer<String> challenges,
      Condition condition,
      Role role,
      @Nullable String token,
      @Nullable Caller caller) {
    if (condition == Condition.LOCAL) {
      return unauthorized(
          challenges,
          REALM,
          "Set http.admin_token to do this from another machine, or through a proxy");
    }
    if (token == null) {
      return unauthorized(challenges, REALM, "Send Authorization: Bearer and a token");
    }
    if (caller == null) return unauthorized(challenges, WRONG, "This token is not accepted here");
    challenges.accept(INSUFFICIENT.formatted(role.label()));
    return Failure.FORBIDDEN.because("This token doesn't have the role " + role.label());
  }

  /** Whether {@link #require} would admit the caller as an operator. */
  boolean isOperator(RoutingContext ctx) {
    var access = callers.access();
    var token = token(ctx.request());
    return permitted(
        ctx.request(),
        access.condition(Role.OPERATE),
        Role.OPERATE,
        token == null ? null : callers.caller(access, token));
  }

  /**
   * The caller of a prediction; null where {@link #require} would refuse it. Digests the token
   * once.
   */
  @Nullable Caller caller(HttpServerRequest request) {
    var access = callers.access();
    if (access.anonymous()) return Caller.ANONYMOUS;
    var token = token(request);
    var caller = token == null ? null : callers.caller(access, token);
    if (access.condition(Role.PREDICT) == Condition.OPEN) {
      return caller == null ? Caller.ANONYMOUS : caller;
    }
    return caller != null && caller.has(Role.PREDICT) ? caller : null;
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

  /** The bearer token (RFC 6750), where there is exactly one such header. */
  private static @Nullable String token(HttpServerRequest request) {
    var headers = request.headers().getAll(HttpHeaders.AUTHORIZATION);
    if (headers.size() != 1) return null;
    var header = headers.get(0);
    boolean bearer = header.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return bearer ? header.substring(BEARER.length()).strip() : null;
  }

  private static ServiceException unauthorized(
      Consumer<String> challenges, String challenge, String detail) {
    challenges.accept(challenge);
    return Failure.UNAUTHORIZED.because(detail);
  }
}
