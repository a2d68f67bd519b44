package com.cpprediction.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Keys and certificates, made by the JDK's own {@code keytool}: authorities, and what they sign for
 * 127.0.0.1, ::1 and localhost, for servers and clients alike.
 */
public final class Certificates {
  /** Of every keystore and every key in it. */
  public static final String PASSWORD = "the-password-of-tests";

  private static final String ALIAS = "key";
  private static final String ISSUER = "issuer";
  private static final String NAMES = "san=ip:127.0.0.1,ip:::1,dns:localhost";

  private final Path directory;

  /**
   * @param directory for their files
   */
  public Certificates(Path directory) {
    this.directory = directory;
  }

  /**
   * A private key and its certificate, in three files.
   *
   * @param keystore both, PKCS#12
   * @param certificate the chain, PEM; the key's own first
   * @param key the private key, PEM
   * @param chain as in {@code certificate}
   */
  public record Pair(Path keystore, Path certificate, Path key, List<X509Certificate> chain) {
    /** The key's own certificate. */
    public X509Certificate own() {
      return chain.get(0);
    }

    /** The certificate of the authority that signed it, or its own. */
    public X509Certificate authority() {
      return chain.get(chain.size() - 1);
    }

    /** Puts the PEM files at the place of another's, one after the other. */
    public void replace(Path otherCertificate, Path otherKey) throws IOException {
      move(certificate, otherCertificate);
      move(key, otherKey);
    }
  }

  /** An authority; signs itself. */
  public Pair authority(String name) {
    return make(name, null, "EC", "-ext", "bc:c", "-validity", "5");
  }

  public Pair signedBy(Pair authority, String name) {
    return make(name, authority, "EC", "-ext", NAMES, "-validity", "5");
  }

  /** As {@link #signedBy}, with an RSA key. */
  public Pair rsaSignedBy(Pair authority, String name) {
    return make(name, authority, "RSA", "-ext", NAMES, "-validity", "5");
  }

  /** As {@link #signedBy}, but it was valid once. */
  public Pair expired(Pair authority, String name) {
    return make(name, authority, "EC", "-ext", NAMES, "-startdate", "-10d", "-validity", "5");
  }

  /** Trusts what {@code authority} signed, and shows nothing. */
  public static SSLContext trusting(Pair authority) {
    return context(authority, new KeyManager[0]);
  }

  /** Trusts what {@code authority} signed, and shows {@code own} to who asks. */
  public static SSLContext trusting(Pair authority, Pair own) {
    try {
      var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(load(own.keystore()), PASSWORD.toCharArray());
      return context(authority, factory.getKeyManagers());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Puts a copy of {@code file} at {@code target} at once, as a careful operator does. */
  public static void move(Path file, Path target) throws IOException {
    var fresh = target.resolveSibling(target.getFileName() + ".new");
    Files.copy(file, fresh, StandardCopyOption.REPLACE_EXISTING);
    Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING);
  }

  private static SSLContext context(Pair authority, KeyManager[] keys) {
    try {
      var trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("authority", authority.authority());
      var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(trusted);
      var context = SSLContext.getInstance("TLS");
      context.init(keys, factory.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Pair make(String name, Pair issuer, String algorithm, String... more) {
    var keystore = directory.resolve(name + ".p12");
    var certificate = directory.resolve(name + ".pem");
    var key = directory.resolve(name + ".key");
    try {
      if (issuer != null) Files.copy(withAlias(issuer.keystore()), keystore);
      keytool(name, keystore, issuer != null, algorithm, more);
      var made = load(keystore);
      if (issuer != null) made.deleteEntry(ISSUER);
      store(made, keystore);
      var chain = made.getCertificateChain(ALIAS);
      Files.writeString(certificate, pem("CERTIFICATE", chain));
      Files.writeString(
          key, pem("PRIVATE KEY", made.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded()));
      return new Pair(
          keystore,
          certificate,
          key,
          Arrays.stream(chain).map(X509Certificate.class::cast).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A copy in which the issuer's key doesn't have the name of the key to be made. */
  private Path withAlias(Path keystore) throws IOException, GeneralSecurityException {
    var store = load(keystore);
    var key = (PrivateKey) store.getKey(ALIAS, PASSWORD.toCharArray());
    store.setKeyEntry(ISSUER, key, PASSWORD.toCharArray(), store.getCertificateChain(ALIAS));
    store.deleteEntry(ALIAS);
    var copy = Files.createTempFile(directory, "issuer", ".p12");
    store(store, copy);
    return copy;
  }

  private void keytool(String name, Path keystore, boolean signed, String algorithm, String... more)
      throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1", // it ends before a second compiler pays off
                "-J-XX:+UseSerialGC",
                "-genkeypair",
                "-alias",
                ALIAS,
                "-dname",
                "CN=" + name,
                "-storetype",
                "PKCS12",
                "-keystore",
                keystore.toString(),
                "-storepass",
                PASSWORD,
                "-keyalg",
                algorithm));
    if (algorithm.equals("EC")) command.addAll(List.of("-groupname", "secp256r1"));
    if (signed) command.addAll(List.of("-signer", ISSUER));
    command.addAll(List.of(more));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    var said = new String(process.getInputStream().readAllBytes());
    try {
      if (process.waitFor() != 0) throw new IllegalStateException(command + ": " + said);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static KeyStore load(Path keystore) {
    try (var in = Files.newInputStream(keystore)) {
      var store = KeyStore.getInstance("PKCS12");
      store.load(in, PASSWORD.toCharArray());
      return store;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void store(KeyStore store, Path keystore)
      throws IOException, GeneralSecurityException {
    try (var out = Files.newOutputStream(keystore)) {
      store.store(out, PASSWORD.toCharArray());
    }
  }

  private static String pem(String kind, Certificate... chain) throws GeneralSecurityException {
    var text = new StringBuilder();
    for (var certificate : chain) text.append(pem(kind, certificate.getEncoded()));
    return text.toString();
  }

  private static String pem(String kind, byte[] encoded) {
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(kind, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded));
  }
}
