package com.cpprediction.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Certificates.Pair;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(VertxExtension.class)
class KeyFilesTest {
  @TempDir private static Path made;
  private static Pair pair;
  private static Pair other;
  private static Pair rsa;

  @TempDir private Path dir;
  private Vertx vertx;

  @BeforeAll
  static void make() {
    var certificates = new Certificates(made);
    var authority = certificates.authority("authority");
    pair = certificates.signedBy(authority, "pair");
    other = certificates.signedBy(authority, "other");
    rsa = certificates.rsaSignedBy(authority, "rsa");
  }

  @BeforeEach
  void setUp(Vertx fresh) {
    vertx = fresh;
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "'', a.key, '', http.tls.key or http.tls.password without http.tls.certificate",
        "'', '', secret, http.tls.key or http.tls.password without http.tls.certificate",
        "a.pem, '', '', 'http.tls.certificate is in PEM; set http.tls.key too, to the file of its"
            + " private key'",
        "a.pem, a.key, secret, 'http.tls.password is for keystores, and http.tls.certificate is in"
            + " PEM'",
        "a.p12, '', '', http.tls.certificate is a keystore; set http.tls.password too",
        "a.PFX, a.key, secret, 'http.tls.certificate is a keystore, which has its key inside; leave"
            + " http.tls.key empty'",
        "a.jks, '', '', http.tls.certificate is a keystore; set http.tls.password too"
      })
  void refusesValuesThatCanNotBeCombined(
      String certificate, String key, String password, String message) {
    assertThatThrownBy(() -> KeyFiles.of("http.tls", certificate, key, password, Path::of))
        .isInstanceOf(TlsException.class)
        .hasMessage(message);
  }

  @Test
  void readsPem() {
    assertThat(identity(pem(pair.certificate(), pair.key())).certificate()).isEqualTo(pair.own());
    assertThat(identity(pem(rsa.certificate(), rsa.key())).certificate()).isEqualTo(rsa.own());
  }

  @Test
  void readsKeystoresOfBothFormats() throws Exception {
    var jks = dir.resolve("pair.jks");
    var store = KeyStore.getInstance("JKS");
    var password = Certificates.PASSWORD.toCharArray();
    store.load(null, null);
    var pkcs12 = KeyStore.getInstance(pair.keystore().toFile(), password);
    store.setKeyEntry(
        "k", pkcs12.getKey("key", password), password, pkcs12.getCertificateChain("key"));
    try (var out = Files.newOutputStream(jks)) {
      store.store(out, password);
    }

    assertThat(identity(keystore(pair.keystore(), Certificates.PASSWORD)).certificate())
        .isEqualTo(pair.own());
    assertThat(identity(keystore(jks, Certificates.PASSWORD)).certificate()).isEqualTo(pair.own());
  }

  @Test
  void reportsAWrongPasswordWithoutQuotingIt() {
    var files = keystore(pair.keystore(), "hunter2-hunter2");

    assertThatThrownBy(() -> identity(files))
        .isInstanceOf(TlsException.class)
        .hasMessage("http.tls: http.tls.password is wrong (%s)", pair.keystore());
    assertThat(files.toString()).doesNotContain("hunter2");
  }

  @Test
  void refusesAKeyOfAnotherCertificate() {
    assertThatThrownBy(() -> identity(pem(pair.certificate(), other.key())))
        .hasMessage(
            "http.tls: the private key is not that of the certificate (%s, %s)",
            pair.certificate(), other.key());
    assertThatThrownBy(() -> identity(pem(pair.certificate(), rsa.key())))
        .isInstanceOf(TlsException.class);
  }

  @Test
  void quotesNothingOfAnUnreadableKey() throws IOException {
    var lines = Files.readString(pair.key()).strip().lines().toList();
    var body = String.join("", lines.subList(1, lines.size() - 1));
    for (var broken :
        List.of(
            "",
            "!",
            "hunter2-hunter2",
            body.substring(body.length() / 2),
            body.substring(0, body.length() / 2),
            new StringBuilder(body).reverse().toString())) {
      for (var text :
          List.of(broken, lines.get(0) + "\n" + broken + "\n" + lines.get(lines.size() - 1))) {
        var file = Files.writeString(dir.resolve("broken.key"), text);

        assertThatThrownBy(() -> identity(pem(pair.certificate(), file)))
            .isInstanceOf(TlsException.class)
            .hasMessageMatching(
                "http\\.tls: (no key and certificate can be read \\(\\w+\\)"
                    + "|can't be read: Missing -----BEGIN [A-Za-z -]*) \\(.*\\)");
      }
    }
  }

  @Test
  void refusesFilesOfAnotherKind() throws IOException {
    var encrypted =
        Files.writeString(
            dir.resolve("encrypted.key"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n");

    assertThatThrownBy(() -> identity(pem(pair.key(), pair.key())))
        .hasMessageStartingWith("http.tls: there is no certificate in PEM");
    assertThatThrownBy(() -> identity(pem(pair.certificate(), pair.certificate())))
        .hasMessageContaining("BEGIN PRIVATE KEY");
    assertThatThrownBy(() -> identity(pem(pair.certificate(), encrypted)))
        .hasMessageContaining("the private key is encrypted");
    assertThatThrownBy(() -> identity(pem(pair.certificate(), dir.resolve("none.key"))))
        .hasMessage("http.tls.key: %s does not exist", dir.resolve("none.key"));
    var directory = Files.createDirectory(dir.resolve("directory.p12"));
    assertThatThrownBy(() -> identity(keystore(directory, "password")))
        .hasMessageStartingWith("http.tls.certificate: %s can't be read: ", directory);
  }

  @Test
  void refusesTruncatedFiles() throws IOException {
    refusesEveryPartOf(pair.keystore(), cut -> keystore(cut, Certificates.PASSWORD), "cut.p12");
    refusesEveryPartOf(pair.key(), cut -> pem(pair.certificate(), cut), "cut.key");
    refusesEveryPartOf(pair.certificate(), cut -> pem(cut, pair.key()), "cut.pem");
  }

  /** Except for the line feeds at the end, and the end of a chain, which can't be detected. */
  private void refusesEveryPartOf(Path file, Function<Path, KeyFiles> files, String name)
      throws IOException {
    var whole = Files.readAllBytes(file);
    int needed = new String(whole).indexOf("-----END");
    for (int length = 0; length < (needed < 0 ? whole.length : needed); length += 7) {
      var cut = Files.write(dir.resolve(name), Arrays.copyOf(whole, length));

      assertThatThrownBy(() -> identity(files.apply(cut)))
          .as("%d bytes of %s", length, name)
          .isInstanceOf(TlsException.class);
    }
  }

  private static KeyFiles pem(Path certificate, Path key) {
    return KeyFiles.of("http.tls", certificate.toString(), key.toString(), "", Path::of);
  }

  private static KeyFiles keystore(Path file, String password) {
    return KeyFiles.of("http.tls", file.toString(), "", password, Path::of);
  }

  private Identity identity(KeyFiles files) {
    return files.identity(vertx, files.read());
  }
}
