package com.cpprediction.auth;

import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.Role;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.JWTOptions;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.oauth2.OAuth2Auth;
import io.vertx.ext.auth.oauth2.OAuth2Options;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies JWTs by the keys of their issuer, which are fetched at the first token, every hour, and
 * when a token names an unknown key. A verified token is remembered by its digest until it expires.
 * Thread-safe.
 */
final class TokenVerifier {
  private static final Logger log = LoggerFactory.getLogger(TokenVerifier.class);

  private static final Pattern JWT = Pattern.compile("[\\w-]{2,}\\.[\\w-]{2,}\\.[\\w-]+");

  /** Signatures by a private key: a public key can't be taken for a shared secret. */
  private static final Pattern ALGORITHM = Pattern.compile("(RS|PS|ES)(256|384|512)");

  private static final Pattern NAME = Pattern.compile("[\\x21-\\x7E]{1,128}");
  private static final int REMEMBERED = 10_000;
  private static final long REFRESH_NANOS = TimeUnit.HOURS.toNanos(1);

  /** Shortest interval between two fetches, whatever tokens are sent. */
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final long FETCH_MILLIS = 5_000;

  private final Vertx vertx;
  private final AuthConfig config;
  private final Clock clock;
  private final HttpClient client;
  private final Cache<ByteBuffer, Verified> verified =
      Caffeine.newBuilder().maximumSize(REMEMBERED).build();
  private @Nullable Future<OAuth2Auth> keys; // guarded by this
  private long fetchedAt;

  /**
   * The caller of a verified token.
   *
   * @param expires milliseconds since 1970
   */
  record Verified(String name, Set<Role> roles, long expires) {}

  TokenVerifier(Vertx vertx, AuthConfig config, Clock clock) {
    this.vertx = vertx;
    this.config = config;
    this.clock = clock;
    client = vertx.createHttpClient();
  }

  /** Whether {@code token} has the form of a JWT. */
  static boolean isJwt(String token) {
    return JWT.matcher(token).matches();
  }

  /** The caller of a token that was verified before and has not expired. */
  @Nullable Verified remembered(byte[] digest) {
    var key = ByteBuffer.wrap(digest);
    var known = verified.getIfPresent(key);
    if (known == null || known.expires > clock.millis()) return known;
    verified.invalidate(key);
    return null;
  }

  /**
   * Verifies {@code token} and remembers its caller, if it is valid.
   *
   * @return completes on any context; fails with {@link Failure#NOT_READY} where the issuer's keys
   *     can't be fetched
   */
  Future<Void> verify(String token) {
    return keys(false)
        .compose(
            provider ->
                authenticate(provider, token)
                    .recover(unknown -> keys(true).compose(newer -> authenticate(newer, token)))
                    .recover(TokenVerifier::invalid))
        .map(
            claims -> {
              var caller = caller(claims);
              if (caller == null) return null;
              verified.put(ByteBuffer.wrap(BearerTokens.digest(token)), caller);
              return null;
            });
  }

  private static Future<JsonObject> invalid(Throwable cause) {
    return cause instanceof ServiceException
        ? Future.failedFuture(cause)
        : Future.succeededFuture(new JsonObject());
  }

  /**
   * The claims of {@code token}; empty where it is not valid. Fails where its key is unknown, which
   * may be a new one.
   */
  private static Future<JsonObject> authenticate(OAuth2Auth provider, String token) {
    var header = header(token);
    if (header == null || !ALGORITHM.matcher(header.getString("alg", "")).matches()) {
      return Future.succeededFuture(new JsonObject());
    }
    Future<User> user;
    synchronized (provider) { // its signatures have a state
      user = provider.authenticate(new TokenCredentials(token));
    }
    return user.map(one -> one.attributes().getJsonObject("accessToken", new JsonObject()));
  }

  private static @Nullable JsonObject header(String token) {
    try {
      var bytes = Base64.getUrlDecoder().decode(token.substring(0, token.indexOf('.')));
      return new JsonObject(new String(bytes, StandardCharsets.UTF_8));
    } catch (RuntimeException e) { // neither Base64 nor JSON
      return null;
    }
  }

  /**
   * The caller that {@code claims} describe; absent where they are not for this service, or now.
   */
  private @Nullable Verified caller(JsonObject claims) {
    long now = clock.millis();
    if (!config.issuer().equals(claims.getValue("iss"))) return null;
    var audiences = texts(claims.getValue("aud"));
    if (!audiences.contains(config.audience())) return null;
    if (!(claims.getValue("exp") instanceof Number exp)) return null;
    long expires = TimeUnit.SECONDS.toMillis(exp.longValue());
    if (expires <= now) return null;
    if (claims.getValue("nbf") instanceof Number nbf
        && TimeUnit.SECONDS.toMillis(nbf.longValue()) > now) return null;
    if (!(in(claims, config.nameClaim()) instanceof String name)) return null;
    if (!NAME.matcher(name).matches()) return null;
    var roles = EnumSet.noneOf(Role.class);
    var granted = texts(in(claims, config.rolesClaim()));
    for (var role : Role.values()) if (granted.contains(role.label())) roles.add(role);
    return new Verified(name, roles, expires);
  }

  private static @Nullable Object in(JsonObject claims, String path) {
    if (claims.containsKey(path)) return claims.getValue(path);
    Object value = claims;
    for (var name : path.split("\\.")) {
      if (!(value instanceof JsonObject object)) return null;
      value = object.getValue(name);
    }
    return value;
  }

  /** The texts of a list, or the words of a text. */
  private static List<String> texts(@Nullable Object claim) {
    if (claim instanceof JsonArray list) {
      return list.stream().filter(String.class::isInstance).map(String.class::cast).toList();
    }
    return claim instanceof String text ? Stream.of(text.split(" ")).toList() : List.of();
  }

  /**
   * The keys of the issuer.
   *
   * @param newer whether they must be newer than a moment ago
   */
  private synchronized Future<OAuth2Auth> keys(boolean newer) {
    long age = System.nanoTime() - fetchedAt;
    boolean stale = age > REFRESH_NANOS || newer || keys != null && keys.failed();
    if (keys == null || stale && age > PAUSE_NANOS && keys.isComplete()) {
      fetchedAt = System.nanoTime();
      var before = keys;
      keys =
          fetch()
              .recover(
                  cause -> {
                    log.warn(
                        "Cannot fetch the keys of {}: {}", config.issuer(), cause.getMessage());
                    return before != null && before.succeeded() ? before : notReady();
                  });
    }
    return keys;
  }

  private static Future<OAuth2Auth> notReady() {
    return Future.failedFuture(
        Failure.NOT_READY.because("The keys of the tokens' issuer can't be fetched; try again"));
  }

  private Future<OAuth2Auth> fetch() {
    return jwksUrl()
        .compose(
            url -> {
              var provider =
                  OAuth2Auth.create(
                      vertx,
                      new OAuth2Options()
                          .setClientId("cp-prediction-service") // not sent
                          .setSite(config.issuer())
                          .setJwkPath(url)
                          .setJWTOptions(
                              new JWTOptions()
                                  .setIssuer(config.issuer())
                                  .addAudience(config.audience())));
              return provider.jWKSet().map(provider);
            })
        .timeout(FETCH_MILLIS, TimeUnit.MILLISECONDS);
  }

  private Future<String> jwksUrl() {
    if (!config.jwksUrl().isEmpty()) return Future.succeededFuture(config.jwksUrl());
    var options =
        new RequestOptions()
            .setMethod(HttpMethod.GET)
            .setAbsoluteURI(
                config.issuer().replaceFirst("/$", "") + "/.well-known/openid-configuration");
    return client
        .request(options)
        .compose(request -> request.send())
        .compose(
            response ->
                response.statusCode() == 200
                    ? response.body()
                    : Future.failedFuture("status " + response.statusCode()))
        .map(
            body -> {
              var found = body.toJsonObject();
              if (!config.issuer().equals(found.getString("issuer"))) {
                throw new IllegalStateException("it names another issuer");
              }
              return found.getString("jwks_uri");
            });
  }
}
