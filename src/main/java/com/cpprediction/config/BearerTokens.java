package com.cpprediction.config;

import com.cpprediction.json.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Bearer tokens, each of which is accepted: a token is replaced by accepting the old and the new
 * one for a while. A token may bear the name of its caller, {@code name:token}. Holds digests of
 * the tokens only. Immutable.
 */
public final class BearerTokens {
  public static final BearerTokens NONE = new BearerTokens(List.of());

  /** Name of the callers without a name. */
  public static final String UNNAMED = "";

  private static final Pattern NAMED = Pattern.compile("([a-z][a-z0-9_-]{0,31}):(\\S{16,})");

  private final List<Token> tokens;
  private final boolean named;

  private record Token(String caller, ByteBuffer digest) {
    static Token of(String text) {
      var named = NAMED.matcher(text);
      return named.matches()
          ? new Token(named.group(1), ByteBuffer.wrap(BearerTokens.digest(named.group(2))))
          : new Token(UNNAMED, ByteBuffer.wrap(BearerTokens.digest(text)));
    }
  }

  private BearerTokens(List<Token> tokens) {
    this.tokens = tokens;
    named = tokens.stream().anyMatch(token -> !token.caller.equals(UNNAMED));
  }

  /**
   * @param text empty, or tokens separated by blanks
   */
  public static BearerTokens of(String text) {
    if (text.isEmpty()) return NONE;
    return new BearerTokens(Arrays.stream(text.strip().split("\\s+")).map(Token::of).toList());
  }

  /**
   * What a caller sends of a token that may bear its name.
   *
   * @param token as {@link #of} takes it, without blanks
   */
  public static String sent(String token) {
    var named = NAMED.matcher(token);
    return named.matches() ? named.group(2) : token;
  }

  public boolean none() {
    return tokens.isEmpty();
  }

  /** Whether a token bears a name. */
  public boolean named() {
    return named;
  }

  /**
   * The name of the caller that {@code token} belongs to, {@link #UNNAMED} where it has none; null
   * where the token is not accepted. Takes equally long whichever bytes differ.
   */
  public @Nullable String caller(String token) {
    return caller(digest(token));
  }

  /**
   * As {@link #caller(String)}.
   *
   * @param digest of the token, by {@link #digest}
   */
  public @Nullable String caller(byte[] digest) {
    String caller = null;
    for (var one : tokens) {
      if (MessageDigest.isEqual(one.digest.array(), digest)) caller = one.caller;
    }
    return caller;
  }

  /** Passes the digest of each token and the name of its caller to {@code each}. */
  public void forEach(BiConsumer<byte[], String> each) {
    for (var one : tokens) each.accept(one.digest.array().clone(), one.caller);
  }

  /** Whether {@code token} is one of the tokens. */
  public boolean accept(String token) {
    return caller(token) != null;
  }

  /** Digest of {@code token}, to compare it with the tokens of several lists. */
  public static byte[] digest(String token) {
    return Digests.sha256(token.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BearerTokens that && tokens.equals(that.tokens);
  }

  @Override
  public int hashCode() {
    return tokens.hashCode();
  }

  @Override
  public String toString() {
    return none() ? "none" : "***";
  }
}
