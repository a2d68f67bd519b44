package com.cpprediction.tls;

import com.cpprediction.watch.FileContent;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.JksOptions;
import io.vertx.core.net.KeyStoreOptionsBase;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PfxOptions;
import java.nio.file.Path;
import java.security.UnrecoverableKeyException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The files of a private key and its certificate: two in PEM, or one keystore.
 *
 * @param group the object of the configuration that names the files, {@code http.tls}; for messages
 * @param certificate the PEM file of the certificate and its chain, or the keystore
 * @param key the PEM file of the key; empty with a keystore
 * @param password of the keystore and its key; empty with PEM files
 */
public record KeyFiles(String group, Path certificate, Optional<Path> key, String password) {
  private static final int MAX_BYTES = 1 << 20;

  /**
   * The files as they were read; equal when they hold the same.
   *
   * @param key empty with a keystore
   */
  record Content(FileContent certificate, Optional<FileContent> key) {}

  /**
   * Does not read the files.
   *
   * @param home resolves a path of the configuration
   * @throws TlsException when the values can't be combined
   */
  public static KeyFiles of(
      String group, String certificate, String key, String password, Function<String, Path> home) {
    if (certificate.isEmpty()) {
      throw new TlsException("%1$s.key or %1$s.password without %1$s.certificate".formatted(group));
    }
    boolean keystore = keystore(certificate).isPresent();
    if (keystore && !key.isEmpty()) {
      throw new TlsException(
          "%1$s.certificate is a keystore, which has its key inside; leave %1$s.key empty"
              .formatted(group));
    }
    if (keystore && password.isEmpty()) {
      throw new TlsException(
          "%1$s.certificate is a keystore; set %1$s.password too".formatted(group));
    }
    if (!keystore && key.isEmpty()) {
      throw new TlsException(
          "%1$s.certificate is in PEM; set %1$s.key too, to the file of its private key"
              .formatted(group));
    }
    if (!keystore && !password.isEmpty()) {
      throw new TlsException(
          "%1$s.password is for keystores, and %1$s.certificate is in PEM".formatted(group));
    }
    return new KeyFiles(
        group,
        home.apply(certificate),
        keystore ? Optional.empty() : Optional.of(home.apply(key)),
        password);
  }

  /** Blocks. */
  Content read() {
    return new Content(
        FileContent.read(certificate, MAX_BYTES),
        key.map(file -> FileContent.read(file, MAX_BYTES)));
  }

  /**
   * Blocks.
   *
   * @throws TlsException when a file could not be read, or the files hold no key and certificate
   *     that belong together
   */
  Identity identity(Vertx vertx, Content content) {
    var first = bytes("certificate", certificate, content.certificate());
    var second = key.map(file -> bytes("key", file, content.key().orElseThrow()));
    try {
      return second.isEmpty() ? fromKeystore(vertx, first) : fromPem(vertx, first, second.get());
    } catch (TlsException e) {
      throw unusable(e.getMessage());
    } catch (Exception e) { // a parser may throw any on malformed input
      throw unusable(reason(e));
    }
  }

  TlsException unusable(@Nullable String reason) {
    var files = key.map(file -> certificate + ", " + file).orElse(certificate.toString());
    return new TlsException("%s: %s (%s)".formatted(group, reason, files));
  }

  @Override
  public String toString() {
    return "KeyFiles[certificate=%s, key=%s]".formatted(certificate, key);
  }

  private Buffer bytes(String name, Path file, FileContent content) {
    return content
        .bytes()
        .orElseThrow(
            () -> new TlsException("%s.%s: %s %s".formatted(group, name, file, content.problem())));
  }

  private Identity fromKeystore(Vertx vertx, Buffer bytes) throws Exception {
    var options =
        keystore(certificate.toString()).orElseThrow().setPassword(password).setValue(bytes);
    return Identity.of(options, vertx);
  }

  private static Identity fromPem(Vertx vertx, Buffer certificate, Buffer key) throws Exception {
    if (!certificate.toString().contains("-----BEGIN CERTIFICATE-----")) {
      throw new TlsException("there is no certificate in PEM");
    }
    if (key.toString().contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")) {
      throw new TlsException("the private key is encrypted; decrypt it, or use a keystore");
    }
    return Identity.of(new PemKeyCertOptions().setCertValue(certificate).setKeyValue(key), vertx);
  }

  private String reason(Exception e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnrecoverableKeyException) return group + ".password is wrong";
    }
    var message = String.valueOf(e.getMessage());
    // Any other message of a parser may quote a part of the key.
    return message.startsWith("Missing -----BEGIN ")
        ? "can't be read: " + message
        : "no key and certificate can be read (" + e.getClass().getSimpleName() + ")";
  }

  /** Options of the keystore format by file name extension; empty for PEM. */
  private static Optional<KeyStoreOptionsBase> keystore(String file) {
    var name = file.toLowerCase(Locale.ROOT);
    if (name.endsWith(".jks")) return Optional.of(new JksOptions());
    boolean pkcs12 = name.endsWith(".p12") || name.endsWith(".pfx");
    return pkcs12 ? Optional.of(new PfxOptions()) : Optional.empty();
  }
}
