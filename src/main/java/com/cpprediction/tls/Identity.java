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
 * A private key and the certificate of its public key.
 *
 * @param options key and certificate for Vert.x, by content rather than by path
 * @param certificate without its chain
 */
public record Identity(KeyCertOptions options, X509Certificate certificate) {
  /** Signature algorithm by the algorithm of the key: those that the JDK and Vert.x both serve. */
  private static final Map<String, String> SIGNATURES =
      Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA");

  /**
   * Blocks.
   *
   * @throws TlsException when there is no key, or a key does not belong to its certificate
   */
  static Identity of(KeyCertOptions options, Vertx vertx) throws Exception {
    X509Certificate first = null;
    for (var manager : options.getKeyManagerFactory(vertx).getKeyManagers()) {
      if (!(manager instanceof X509KeyManager keys)) continue;
      for (var algorithm : SIGNATURES.keySet()) {
        var aliases = keys.getServerAliases(algorithm, null);
        if (aliases == null) continue;
        for (var alias : aliases) {
          var certificate = keys.getCertificateChain(alias)[0];
          if (!belongs(keys.getPrivateKey(alias), certificate)) {
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

  /** Subject and validity, for the log. */
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

  /** By a signature: a renewal replaces the two files one after the other. */
  private static boolean belongs(PrivateKey key, X509Certificate certificate)
      throws GeneralSecurityException {
    var signature = Signature.getInstance(SIGNATURES.get(key.getAlgorithm()));
    try {
      signature.initSign(key);
      var signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      return signature.verify(signed);
    } catch (SignatureException | InvalidKeyException e) { // another key length or curve
      return false;
    }
  }
}
