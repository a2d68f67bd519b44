package com.cpprediction.tls;

import io.vertx.core.Vertx;
import io.vertx.core.net.KeyCertOptions;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Map;
import javax.net.ssl.X509KeyManager;

/**
 * A private key and its certificate, which belong together.
 *
 * @param options both, as Vert.x takes them; holds what the files held, not their paths
 * @param certificate of the key, without its chain
 */
public record Identity(KeyCertOptions options, X509Certificate certificate) {
  /** What the JDK and Vert.x serve from any file, and how it signs. */
  private static final Map<String, String> SIGNATURES =
      Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA");

  /**
   * Blocks.
   *
   * @throws TlsException unless there is a key, and each fits its certificate
   */
  static Identity of(KeyCertOptions options, Vertx vertx) throws Exception {
    X509Certificate first = null;
    for (var manager : options.getKeyManagerFactory(vertx).getKeyManagers()) {
      if (!(manager instanceof X509KeyManager keys)) continue;
      for (var kind : SIGNATURES.keySet()) {
        var aliases = keys.getServerAliases(kind, null);
        if (aliases == null) continue;
        for (var alias : aliases) {
          var certificate = keys.getCertificateChain(alias)[0];
          if (!fit(keys.getPrivateKey(alias), certificate)) {
            throw new TlsException("the private key is not that of the certificate");
          }
          first = certificate;
        }
      }
    }
    if (first == null) throw new TlsException("there is no RSA or EC key with a certificate");
    return new Identity(options, first);
  }

  boolean expired(Instant now) {
    return certificate.getNotAfter().toInstant().isBefore(now);
  }

  /** For the log. */
  String describe() {
    return "%s, valid from %s to %s"
        .formatted(
            certificate.getSubjectX500Principal().getName(),
            certificate.getNotBefore().toInstant(),
            certificate.getNotAfter().toInstant());
  }

  @Override
  public String toString() { // the options hold the key
    return "Identity[" + describe() + "]";
  }

  /** Signs and verifies: the files of a renewal are replaced one after the other. */
  private static boolean fit(PrivateKey key, X509Certificate certificate)
      throws GeneralSecurityException {
    var signature = Signature.getInstance(SIGNATURES.get(key.getAlgorithm()));
    try {
      signature.initSign(key);
      var signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      return signature.verify(signed);
    } catch (SignatureException | InvalidKeyException e) { // of another length, or another curve
      return false;
    }
  }
}
