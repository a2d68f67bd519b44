package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.CallerList;
import com.cpprediction.config.Role;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens of an issuer on loopback. */
@ExtendWith(VertxExtension.class)
class JwtTest {
  private static final String SHIPMENT = shipment("S1", "MG Road 560017").encode();
  private static final KeyPair PAIR = pair();

  private final Map<String, KeyPair> published = new ConcurrentHashMap<>();
  private final AtomicInteger fetches = new AtomicInteger();
  private volatile boolean away;
  private volatile Duration later = Duration.ZERO;
  private HttpFixture edge;
  private HttpClient client; // an unreferenced one would be closed
  private String issuer;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.answer(Bus.STORED, asked -> Future.succeededFuture(new JsonArray().add(new JsonObject())));
    published.put("k1", PAIR);
    var server =
        vertx
            .createHttpServer()
            .requestHandler(
                request -> {
                  if (away) request.response().setStatusCode(503).end();
                  else {
                    request
                        .response()
                        .putHeader("Content-Type", "application/json")
                        .end(issued(request.path()).encode());
                  }
                })
            .listen(0, "127.0.0.1")
            .await();
    issuer = "http://127.0.0.1:" + server.actualPort() + "/realm";
    var limited = new CallerConfig("slow", List.of(), EnumSet.noneOf(Role.class), 0.001, 0);
    edge.auth =
        new AuthConfig(
            new CallerList(List.of(limited)), issuer, "cp", "", "realm_access.roles", "azp");
    edge.clock = clock();
    edge.start();
  }

  private Clock clock() {
    return new Clock() {
      @Override
      public Instant instant() {
        return Instant.now().plus(later);
      }

      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
      }
    };
  }

  private JsonObject issued(String path) {
    if (path.equals("/realm/.well-known/openid-configuration")) {
      return new JsonObject().put("issuer", issuer).put("jwks_uri", issuer + "/keys");
    }
    assertThat(path).isEqualTo("/realm/keys");
    fetches.incrementAndGet();
    var keys = new JsonArray();
    published.forEach((kid, keyPair) -> keys.add(jwk(kid, (RSAPublicKey) keyPair.getPublic())));
    return new JsonObject().put("keys", keys);
  }

  @Test
  void admitsACallerWithTheRolesOfItsTokenAndVerifiesItOnce() throws Exception {
    var token = signed(claims("shop", "predict"));

    assertThat(statuses(token)).containsExactly(200, 403, 403);
    published.clear(); // the token is remembered
    assertThat(statuses(token)).containsExactly(200, 403, 403);
    assertThat(statuses(signed(claims("ops", "operate", "read")))).containsExactly(403, 200, 200);

    assertThat(fetches).hasValue(1);
    send("DELETE", "/cache", "", signed(claims("ops", "operate")));
    assertThat(edge.audited.get(0).getString("caller")).isEqualTo("jwt:ops");
    assertThat(
            edge.send("POST", "/predict", SHIPMENT.getBytes(StandardCharsets.UTF_8)).statusCode())
        .isIn(401, 415);
  }

  @Test
  void holdsACallerToTheLimitsOfItsName() throws Exception {
    var token = signed(claims("slow", "predict"));

    assertThat(send("POST", "/predict", SHIPMENT, token)).isEqualTo(200);
    assertThat(send("POST", "/predict", SHIPMENT, token)).isEqualTo(429);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "another issuer", "another audience", "expired", "no expiry", "not yet", "no name",
        "another key", "changed", "alg none", "alg none signed", "public key as secret", "no JWT"
      })
  void refusesEveryOtherToken(String what) throws Exception {
    var claims = claims("shop", "predict", "operate", "read");
    long now = Instant.now().getEpochSecond();
    var token =
        switch (what) {
          case "another issuer" -> signed(claims.put("iss", issuer + "/other"));
          case "another audience" -> signed(claims.put("aud", JsonArray.of("other", "cp2")));
          case "expired" -> signed(claims.put("exp", now - 1));
          case "no expiry" -> signed(without(claims, "exp"));
          case "not yet" -> signed(claims.put("nbf", now + 600));
          case "no name" -> signed(without(claims, "azp"));
          case "another key" -> rs256("k1", claims, pair());
          case "changed" -> {
            var parts = signed(claims("shop", "read")).split("\\.");
            yield parts[0] + '.' + base64(claims.encode()) + '.' + parts[2];
          }
          case "alg none" -> unsigned(claims) + '.';
          case "alg none signed" -> unsigned(claims) + ".AAAA";
          case "public key as secret" -> hs256(claims);
          default -> "ey.no.jwt-at-all";
        };

    assertThat(statuses(token)).containsExactly(401, 401, 401);
  }

  @Test
  void endsAStreamWhenItsTokenHasExpired(Vertx vertx) throws Exception {
    client = vertx.createHttpClient();
    var token = signed(claims("shop", "predict"));
    var caller = new StreamCaller(client, edge.base(), "Authorization", "Bearer " + token);
    caller.send(SHIPMENT + '\n');
    assertThat(caller.nextLine().getString("shipment_id")).isEqualTo("S1");

    later = Duration.ofHours(1);

    var last = caller.rest();
    assertThat(last).hasSize(1);
    assertThat(last.get(0).getInteger("line")).isEqualTo(2);
    assertThat(last.get(0).getJsonObject("error").getString("code")).isEqualTo("unauthorized");
  }

  @Test
  void isNotReadyWhileTheIssuerIsAway() throws Exception {
    away = true;

    assertThat(send("POST", "/predict", SHIPMENT, signed(claims("shop", "predict"))))
        .isEqualTo(503);
  }

  /** Of a prediction, a stored one, and the configuration. */
  private List<Integer> statuses(String token) throws Exception {
    return List.of(
        send("POST", "/predict", SHIPMENT, token),
        send("GET", "/predictions/S1", "", token),
        send("GET", "/config", "", token));
  }

  private int send(String method, String path, String body, String token) throws Exception {
    var bytes = body.isEmpty() ? null : body.getBytes(StandardCharsets.UTF_8);
    return edge.send(
            method,
            path,
            bytes,
            "Content-Type",
            "application/json",
            "Authorization",
            "Bearer " + token)
        .statusCode();
  }

  private JsonObject claims(String name, String... roles) {
    return new JsonObject()
        .put("iss", issuer)
        .put("aud", "cp")
        .put("exp", Instant.now().getEpochSecond() + 600)
        .put("azp", name)
        .put("realm_access", new JsonObject().put("roles", new JsonArray(List.of(roles))));
  }

  private static JsonObject without(JsonObject claims, String name) {
    claims.remove(name);
    return claims;
  }

  private String signed(JsonObject claims) throws Exception {
    return rs256("k1", claims, PAIR);
  }

  private static String rs256(String kid, JsonObject claims, KeyPair by) throws Exception {
    var text =
        base64("{\"alg\":\"RS256\",\"kid\":\"" + kid + "\"}") + '.' + base64(claims.encode());
    var signature = Signature.getInstance("SHA256withRSA");
    signature.initSign(by.getPrivate());
    signature.update(text.getBytes(StandardCharsets.US_ASCII));
    return text + '.' + base64(signature.sign());
  }

  private String hs256(JsonObject claims) throws Exception {
    var text = base64("{\"alg\":\"HS256\",\"kid\":\"k1\"}") + '.' + base64(claims.encode());
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(PAIR.getPublic().getEncoded(), "HmacSHA256"));
    return text + '.' + base64(mac.doFinal(text.getBytes(StandardCharsets.US_ASCII)));
  }

  private static String unsigned(JsonObject claims) {
    return base64("{\"alg\":\"none\"}") + '.' + base64(claims.encode());
  }

  private static JsonObject jwk(String kid, RSAPublicKey key) {
    return new JsonObject()
        .put("kty", "RSA")
        .put("use", "sig")
        .put("alg", "RS256")
        .put("kid", kid)
        .put("n", base64(key.getModulus().toByteArray()))
        .put("e", base64(key.getPublicExponent().toByteArray()));
  }

  private static KeyPair pair() {
    try {
      var generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(String text) {
    return base64(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
