package com.cpprediction.tls;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Certificates.Pair;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;
import org.slf4j.event.SubstituteLoggingEvent;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.helpers.SubstituteLogger;

@ExtendWith(VertxExtension.class)
class IdentityWatcherTest {
  @TempDir private static Path made;
  private static Pair first;
  private static Pair second;
  private static Pair expired;

  @TempDir private Path dir;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Queue<SubstituteLoggingEvent> log = new ConcurrentLinkedQueue<>();
  private final List<Identity> shown = new ArrayList<>();
  private Vertx vertx;
  private Path certificate;
  private Path key;

  @BeforeAll
  static void make() {
    var certificates = new Certificates(made);
    var authority = certificates.authority("authority");
    first = certificates.signedBy(authority, "first");
    second = certificates.signedBy(authority, "second");
    expired = certificates.expired(authority, "expired");
  }

  @BeforeEach
  void setUp(Vertx fresh) throws IOException {
    vertx = fresh;
    certificate = dir.resolve("server.pem");
    key = dir.resolve("server.key");
    first.replace(certificate, key);
  }

  @Test
  void theSameFilesChangeNothing() throws Exception {
    var watcher = watcher();

    first.replace(certificate, key);
    poll(watcher);

    assertThat(shown).isEmpty();
    assertThat(logged(Level.ERROR)).isEmpty();
    assertThat(watcher.current().certificate()).isEqualTo(first.own());
  }

  @Test
  void anotherIdentityIsServedOnce() throws Exception {
    var watcher = watcher();

    second.replace(certificate, key);
    poll(watcher);
    poll(watcher);

    assertThat(shown).extracting(Identity::certificate).containsExactly(second.own());
    assertThat(watcher.current().certificate()).isEqualTo(second.own());
  }

  @Test
  void aCertificateWaitsForItsKey() throws Exception {
    var watcher = watcher();

    Certificates.move(second.certificate(), certificate);
    poll(watcher);
    assertThat(watcher.current().certificate()).isEqualTo(first.own());
    Certificates.move(second.key(), key);
    poll(watcher);

    assertThat(watcher.current().certificate()).isEqualTo(second.own());
    assertThat(logged(Level.ERROR)).hasSize(1);
  }

  @Test
  void oneProblemIsLoggedOnceHoweverOftenTheFilesChange() throws Exception {
    var watcher = watcher();
    var whole = Files.readString(second.key());

    for (int length = 0; length < 10; length++) {
      Files.writeString(key, whole.substring(0, length));
      poll(watcher);
    }
    assertThat(logged(Level.ERROR)).hasSize(1);
    Files.delete(key);
    poll(watcher);
    poll(watcher);

    assertThat(logged(Level.ERROR)).hasSize(2);
    assertThat(registry.get("cp.config.reload.failures").counter().count()).isEqualTo(2);
    assertThat(shown).isEmpty();
    assertThat(watcher.current().certificate()).isEqualTo(first.own());
  }

  @Test
  void aProblemThatRecursIsLoggedAgain() throws Exception {
    var watcher = watcher();

    for (int i = 0; i < 2; i++) {
      Files.delete(key);
      poll(watcher);
      assertThat(inForce()).isZero();
      first.replace(certificate, key);
      poll(watcher);
      assertThat(inForce()).isEqualTo(1);
    }

    assertThat(logged(Level.ERROR)).hasSize(2);
    assertThat(shown).isEmpty();
  }

  @Test
  void anExpiredCertificateReplacesNothing() throws Exception {
    var watcher = watcher();

    expired.replace(certificate, key);
    poll(watcher);

    assertThat(watcher.current().certificate()).isEqualTo(first.own());
    assertThat(logged(Level.ERROR)).singleElement().asString().contains("has expired");
  }

  @Test
  void anExpiredCertificateIsServedWhenThereIsNoOther() throws Exception {
    expired.replace(certificate, key);

    assertThat(watcher().current().certificate()).isEqualTo(expired.own());
    assertThat(logged(Level.WARN)).containsExactly("The certificate has expired");
  }

  @Test
  void aServerThatRefusesAnIdentityKeepsTheOldOneAndIsTriedAgain() throws Exception {
    var watcher = watcher();

    second.replace(certificate, key);
    for (int i = 0; i < 3; i++) {
      watcher.poll(fresh -> Future.failedFuture("no")).await(60, SECONDS);
    }

    assertThat(watcher.current().certificate()).isEqualTo(first.own());
    assertThat(logged(Level.ERROR)).hasSize(1);

    poll(watcher); // tried again
    assertThat(watcher.current().certificate()).isEqualTo(second.own());
    assertThat(inForce()).isEqualTo(1);
  }

  @Test
  void startsOnlyWithUsableFiles() throws IOException {
    Files.delete(key);

    assertThatThrownBy(this::watcher)
        .isInstanceOf(TlsException.class)
        .hasMessage("http.tls.key: %s does not exist", key);
  }

  private IdentityWatcher watcher() {
    return new IdentityWatcher(
        vertx,
        KeyFiles.of("http.tls", "server.pem", "server.key", "", dir::resolve),
        new ServiceMetrics(registry, "test"),
        Clock.systemUTC(),
        new SubstituteLogger("test", log, false));
  }

  /** Polls twice, as often as a change needs. */
  private void poll(IdentityWatcher watcher) throws Exception {
    for (int i = 0; i < 2; i++) {
      watcher
          .poll(
              fresh -> {
                shown.add(fresh);
                return Future.succeededFuture();
              })
          .await(60, SECONDS);
    }
  }

  private List<String> logged(Level level) {
    return log.stream()
        .filter(event -> event.getLevel() == level)
        .map(
            event ->
                MessageFormatter.arrayFormat(event.getMessage(), event.getArgumentArray())
                    .getMessage())
        .toList();
  }

  /** The gauge that alerts are based on. */
  private double inForce() {
    return registry.get("cp.last.reload.successful").tag("part", "certificate").gauge().value();
  }
}
