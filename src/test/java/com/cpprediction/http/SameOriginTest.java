package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.testing.Certificates;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rejection of cross-site requests by header; {@link CrossSiteTest} uses a browser. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class SameOriginTest {
  private static final String VISIT = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

  private final AtomicInteger asked = new AtomicInteger();
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    var status = new JsonObject().put("models", new JsonArray());
    for (var address : List.of(Bus.MODELS_RELOAD_AS, Bus.MODELS_STATUS)) {
      edge.answer(
          address,
          question -> {
            asked.incrementAndGet();
            return Future.succeededFuture(status);
          });
    }
    for (var address : List.of(Bus.STORED, Bus.JUDGE, Bus.POPULAR)) {
      edge.answer(
          address,
          question -> {
            asked.incrementAndGet();
            return Future.succeededFuture(new JsonArray().add(new JsonObject()));
          });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: something-new\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
        "Origin: http://elsewhere.example\r\n",
        "Origin: http://localhost:1\r\n",
        "Origin: null\r\n",
        "Origin: \r\n",
        "Origin: localhost\r\n",
        "Origin: ftp://localhost\r\n",
        "Sec-Fetch-Site: none\r\nOrigin: http://elsewhere.example\r\n"
      })
  void refusesCrossSiteRequestsOnEveryRoute(String headers) throws Exception {
    edge.start();

    for (var route : edge.served().entrySet()) {
      var path = route.getKey().replaceAll("\\{\\w+}", "x");
      for (var method : route.getValue()) {
        forbidden(method + " " + path, raw(method.name(), path, "localhost", headers));
      }
    }
    assertThat(asked).hasValue(0);
    assertThat(edge.recorded()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Sec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: none\r\n",
        "Origin: http://localhost:8000\r\n",
        "Origin: https://localhost:8000\r\n", // a proxy terminates TLS
        "Origin: HTTP://LOCALHOST:8000\r\n",
        "Sec-Fetch-Site: same-origin\r\nOrigin: https://cp.example\r\n" // a proxy replaces Host
      })
  void servesSameOriginPagesAndPrograms(String headers) throws Exception {
    edge.start();

    for (var path : List.of("/", "/docs", "/web/docs.js", "/health", "/config", "/predictions/x")) {
      responded(path, raw("GET", path, "localhost:8000", headers));
    }
    responded("/predict", raw("POST", "/predict", "localhost:8000", headers));
    responded("/cache", raw("DELETE", "/cache", "localhost:8000", headers));
  }

  @Test
  void allowsNavigationFromOtherSitesToPagesOnly() throws Exception {
    edge.start();

    for (var site : List.of("cross-site", "same-site")) {
      var headers = "Sec-Fetch-Site: " + site + "\r\n" + VISIT;
      for (var page : List.of("/", "/docs", "/web/docs.js")) {
        responded(page, raw("GET", page, "localhost", headers));
      }
      for (var path : List.of("/config", "/health", "/predictions/x", "/models/status")) {
        forbidden(path, raw("GET", path, "localhost", headers));
      }
      forbidden("/predict", raw("POST", "/predict", "localhost", headers));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, true",
    "LOCALHOST:8000, true",
    "localhost.:8000, true",
    "cp.localhost, true",
    "127.0.0.1, true",
    "127.0.0.1:12345, true",
    "127.8.9.10:8000, true",
    "[::1]:8000, true",
    "elsewhere.example, false",
    "elsewhere.example:8000, false",
    "localhost.elsewhere.example, false",
    "127.0.0.1.elsewhere.example, false",
    "127.0.0.1@elsewhere.example, false",
    "elsewhere.example:80:80, false",
    "10.0.0.1, false",
    "0.0.0.0, false",
    "[::2], false",
    "'', false"
  })
  void recognizesLoopbackHosts(String host, boolean known) throws Exception {
    edge.start();

    for (var path : List.of("/", "/health", "/config", "/metrics", "/events")) {
      if (path.equals("/events") && known) continue; // endless
      var response = raw("GET", path, host, "");
      if (known) responded(path, response);
      else assertThat(response).as(path).matches("(?s)HTTP/1.1 (403|400) .*");
    }
    assertThat(raw("DELETE", "/cache", host, "").startsWith("HTTP/1.1 200")).isEqualTo(known);
  }

  @Test
  void acceptsAllowedHosts() throws Exception {
    edge.start();
    forbidden("before", raw("GET", "/config", "cp.example", ""));

    edge.allowedHosts = List.of("cp.example", "[2001:db8::1]");

    for (var host : List.of("cp.example", "CP.example:8443", "[2001:DB8::1]:8000", "127.0.0.1")) {
      responded(host, raw("GET", "/health", host, ""));
    }
    forbidden("another", raw("GET", "/health", "cp.example.com", ""));
    responded("its pages", raw("POST", "/predict", "127.0.0.1", "Origin: http://cp.example\r\n"));
    forbidden("others", raw("POST", "/predict", "127.0.0.1", "Origin: http://x.example\r\n"));
  }

  @Test
  void acceptsHttp10WithoutHostExceptFromBrowsers() throws Exception {
    edge.start();

    responded("a script", edge.raw("GET /config HTTP/1.0\r\n\r\n"));
    for (var header : List.of("Origin: http://localhost", "Sec-Fetch-Site: same-origin")) {
      forbidden(header, edge.raw("GET /config HTTP/1.0\r\n" + header + "\r\n\r\n"));
    }
  }

  @Test
  void withTlsAPlainHttpPageIsCrossOrigin(@TempDir Path directory) throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    edge.secure(certificates.signedBy(authority, "server"), Certificates.trusting(authority));
    edge.start();

    responded("its own", raw("POST", "/predict", "localhost", "Origin: https://localhost\r\n"));
    forbidden("plain", raw("POST", "/predict", "localhost", "Origin: http://localhost\r\n"));
  }

  @Test
  void beyondLoopbackAllowedHostsDecideIfConfigured() throws Exception {
    var address = anotherAddress();
    Assumptions.assumeTrue(address.isPresent(), "only loopback here");
    edge.host = address.get().getHostAddress();
    edge.start();

    responded("any", raw("GET", "/health", "elsewhere.example", ""));
    forbidden("a page", raw("POST", "/predict", "cp.example", "Origin: http://x.example\r\n"));
    edge.allowedHosts = List.of("cp.example");

    responded("listed", raw("GET", "/health", "cp.example:80", ""));
    responded("what probes ask for", raw("GET", "/health/ready", edge.host + ":8000", ""));
    forbidden("not listed", raw("GET", "/health", "elsewhere.example", ""));
    forbidden("a name of this machine", raw("GET", "/health", "localhost", ""));
  }

  @Test
  void comparesIpv6AddressesByValue() {
    for (var host : List.of("[2001:db8::1]", "[2001:db8:0:0::0:1]")) {
      assertThat(SameOrigin.sameIpv6(host, "2001:db8:0:0:0:0:0:1")).as(host).isTrue();
    }
    assertThat(SameOrigin.sameIpv6("[fe80::1]", "fe80:0:0:0:0:0:0:1%2")).isTrue();
    for (var host : List.of("[2001:db8::2]", "[::]", "2001", "10.0.0.1")) {
      assertThat(SameOrigin.sameIpv6(host, "2001:db8:0:0:0:0:0:1")).as(host).isFalse();
    }
  }

  @Test
  void forwardedRequestsAreNotLocal() throws Exception {
    edge.start();

    for (var header : List.of("X-Forwarded-For: 10.1.2.3", "Forwarded: for=10.1.2.3")) {
      assertThat(raw("GET", "/config", "localhost", header + "\r\n")).startsWith("HTTP/1.1 401 ");
      assertThat(raw("DELETE", "/cache", "localhost", header + "\r\n")).startsWith("HTTP/1.1 401 ");
    }
  }

  @Test
  void onAllAddressesOperatingWithoutATokenRequiresALoopbackHost() throws Exception {
    edge.host = "0.0.0.0";
    edge.start();

    responded("here", raw("GET", "/config", "127.0.0.1:8000", ""));
    assertThat(raw("GET", "/config", "elsewhere.example", "")).startsWith("HTTP/1.1 401 ");
    assertThat(raw("DELETE", "/cache", "elsewhere.example", "")).startsWith("HTTP/1.1 401 ");
  }

  private String raw(String method, String path, String host, String headers) throws IOException {
    var body = method.equals("POST") ? shipment("S1", "MG Road 560017").encode() : "";
    if (!path.equals("/predict") && !body.isEmpty()) body = "{}";
    var type = path.endsWith("stream") ? RouteContract.NDJSON : RouteContract.JSON;
    return edge.raw(
        "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(method, path, host, headers, type, body.length(), body));
  }

  private static void responded(String what, String response) {
    assertThat(response).as(what).startsWith("HTTP/1.").contains(" 200 OK\r\n");
  }

  private static void forbidden(String what, String response) {
    assertThat(response).as(what).startsWith("HTTP/1.").contains(" 403 Forbidden\r\n");
  }

  private static Optional<InetAddress> anotherAddress() throws Exception {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
        .findAny();
  }
}
