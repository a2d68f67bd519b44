package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Certificates.Pair;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Behaviour specific to HTTPS; {@link ProtocolTest} covers the rest with TLS, too. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class HttpsTest {
  private static final String ASK = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

  @TempDir private static Path made;
  private static Pair first;
  private static Pair second;
  private static Pair rsa;
  private static SSLContext trusting;

  @TempDir private Path dir;
  private HttpFixture edge;

  @BeforeAll
  static void makeCertificates() {
    var certificates = new Certificates(made);
    var authority = certificates.authority("authority");
    first = certificates.signedBy(authority, "first");
    second = certificates.signedBy(authority, "second");
    rsa = certificates.rsaSignedBy(authority, "rsa");
    trusting = Certificates.trusting(authority);
  }

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
  }

  @Test
  void servesWithAPemCertificate() throws Exception {
    edge.secure(rsa, trusting);
    edge.start();

    assertThat(edge.post("/predict", shipment("S1", "MG Road 560017")).statusCode()).isEqualTo(200);
    assertThat(shown()).isEqualTo(rsa.own());
  }

  @Test
  void servesWithAKeystore() throws Exception {
    edge.secure(first.keystore().toString(), "", Certificates.PASSWORD, trusting);
    edge.start();

    assertThat(edge.post("/predict", shipment("S1", "MG Road 560017")).statusCode()).isEqualTo(200);
    assertThat(shown()).isEqualTo(first.own());
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void negotiatesHttp1OverCurrentTls(String version) throws Exception {
    edge.secure(first, trusting);
    edge.start();

    try (var socket = (SSLSocket) trusting.getSocketFactory().createSocket()) {
      socket.connect(edge.address());
      socket.setEnabledProtocols(new String[] {version});
      var offered = socket.getSSLParameters();
      offered.setApplicationProtocols(new String[] {"h2", "http/1.1"});
      socket.setSSLParameters(offered);

      assertThat(ask(socket)).isEqualTo("HTTP/1.1 200");
      assertThat(socket.getSession().getProtocol()).isEqualTo(version);
      assertThat(socket.getApplicationProtocol()).isEmpty();
    }
  }

  @Test
  void newConnectionsGetAReplacedCertificateAndOldOnesGoOn() throws Exception {
    var certificate = dir.resolve("server.pem");
    var key = dir.resolve("server.key");
    first.replace(certificate, key);
    edge.secure(certificate.toString(), key.toString(), "", trusting);
    edge.start();
    try (var old = edge.connect()) {
      assertThat(ask(old)).isEqualTo("HTTP/1.1 200");

      second.replace(certificate, key);
      HttpFixture.until(() -> shown().equals(second.own()));

      assertThat(ask(old)).isEqualTo("HTTP/1.1 200");
      assertThat(((SSLSocket) old).getSession().getPeerCertificates()[0]).isEqualTo(first.own());
    }
    first.replace(certificate, key);
    HttpFixture.until(() -> shown().equals(first.own()));
  }

  @Test
  void reloadsAReplacedKeystore() throws Exception {
    var keystore = dir.resolve("server.p12");
    Certificates.move(first.keystore(), keystore);
    edge.secure(keystore.toString(), "", Certificates.PASSWORD, trusting);
    edge.start();
    assertThat(shown()).isEqualTo(first.own());

    Certificates.move(second.keystore(), keystore);

    HttpFixture.until(() -> shown().equals(second.own()));
  }

  @Test
  void aHalfWrittenFileKeepsTheOldCertificate() throws Exception {
    var keystore = dir.resolve("server.p12");
    Certificates.move(first.keystore(), keystore);
    edge.secure(keystore.toString(), "", Certificates.PASSWORD, trusting);
    edge.start();
    var whole = Files.readAllBytes(second.keystore());

    var half = Files.write(dir.resolve("half.p12"), Arrays.copyOf(whole, whole.length / 2));
    Certificates.move(half, keystore);
    HttpFixture.until(() -> refused() == 1);

    assertThat(shown()).isEqualTo(first.own());
    Certificates.move(second.keystore(), keystore);
    HttpFixture.until(() -> shown().equals(second.own()));
    assertThat(refused()).isEqualTo(1);
  }

  @Test
  void closesAPlainConnection() throws Exception {
    edge.secure(first, trusting);
    edge.start();

    try (var plain = edge.connectPlain()) {
      plain.getOutputStream().write(ASK.getBytes(StandardCharsets.US_ASCII));

      var answer = new String(plain.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertThat(answer).doesNotContain("HTTP/");
    }
    assertThat(edge.get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void closesASlowHandshake() throws Exception {
    edge.receiveTimeout = Duration.ofMillis(200);
    edge.secure(first, trusting);
    edge.start();

    try (var silent = edge.connectPlain()) {
      assertThat(silent.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(shed("slow_head")).isOne();
  }

  @Test
  void countsHandshakesAmongTheConnections() throws Exception {
    edge.maxConnections = 3;
    edge.secure(first, trusting);
    edge.start();
    try (var used = edge.connect();
        var silent = edge.connectPlain();
        var alsoSilent = edge.connectPlain();
        var tooMany = edge.connectPlain()) {
      assertThat(tooMany.getInputStream().read()).isEqualTo(-1);
      assertThat(shed("connections")).isOne();
      assertThat(ask(used)).isEqualTo("HTTP/1.1 200");

      silent.close();
      HttpFixture.until(this::served);
      assertThat(alsoSilent.isConnected()).isTrue();
    }
  }

  @Test
  void doesNotWaitForHandshakesWhenItStops() throws Exception {
    edge.grace = Duration.ofMinutes(10);
    edge.secure(first, trusting);
    edge.start();
    try (var silent = edge.connectPlain()) {
      assertThat(edge.get("/health/live").statusCode())
          .isEqualTo(200); // accepted after the handshake began

      edge.stop().await(60, SECONDS);

      assertThat(silent.getInputStream().read()).isEqualTo(-1);
    }
  }

  private boolean served() {
    try (var socket = edge.connect()) {
      return ask(socket).equals("HTTP/1.1 200");
    } catch (IOException e) { // refused: the service hasn't seen the other close yet
      return false;
    }
  }

  /** The certificate of a new connection. */
  private X509Certificate shown() throws IOException {
    try (var socket = (SSLSocket) edge.connect()) {
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  /** Sends a request and reads the whole response. */
  private static String ask(Socket socket) throws IOException {
    socket.getOutputStream().write(ASK.getBytes(StandardCharsets.US_ASCII));
    var answer = new StringBuilder();
    while (answer.indexOf("{\"status\":\"up\"}") < 0) {
      int read = socket.getInputStream().read();
      if (read < 0) throw new IOException("ended after " + answer);
      answer.append((char) read);
    }
    return answer.substring(0, 12);
  }

  private double shed(String reason) {
    return edge.registry.get("cp.shed").tag("reason", reason).counter().count();
  }

  private double refused() {
    return edge.registry.get("cp.config.reload.failures").counter().count();
  }
}
