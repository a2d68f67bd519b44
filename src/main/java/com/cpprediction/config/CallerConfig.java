package com.cpprediction.config;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One of {@code auth.callers}.
 *
 * @param tokens digests of its tokens; none where it authenticates by JWT
 * @param rate shipments a second; 0 for no limit
 * @param maxInFlight shipments at a time; 0 for no limit
 */
public record CallerConfig(
    String name, List<ByteBuffer> tokens, Set<Role> roles, double rate, int maxInFlight) {
  public CallerConfig {
    tokens = List.copyOf(tokens);
    roles = Set.copyOf(roles);
  }

  /**
   * @param item valid, as {@link ConfigKey#normal} makes it
   */
  static CallerConfig of(Map<?, ?> item) {
    var roles = EnumSet.noneOf(Role.class);
    for (var role : (List<?>) required(item, "roles")) {
      roles.add(Role.valueOf(String.valueOf(role).toUpperCase(Locale.ROOT)));
    }
    var tokens =
        Stream.concat(
                words(item, "token").map(BearerTokens::digest),
                words(item, "token_sha256").map(HexFormat.of()::parseHex))
            .map(digest -> ByteBuffer.wrap(digest).asReadOnlyBuffer())
            .toList();
    return new CallerConfig(
        (String) required(item, "name"),
        tokens,
        roles,
        number(item, "rate").doubleValue(),
        number(item, "max_in_flight").intValue());
  }

  private static Object required(Map<?, ?> item, String name) {
    return Objects.requireNonNull(item.get(name), name);
  }

  private static Stream<String> words(Map<?, ?> item, String name) {
    return item.get(name) instanceof String text
        ? Arrays.stream(text.strip().split("\\s+"))
        : Stream.of();
  }

  private static Number number(Map<?, ?> item, String name) {
    return item.get(name) instanceof Number number ? number : 0;
  }

  @Override
  public String toString() { // without digests
    return "CallerConfig[name=%s, roles=%s, rate=%s, maxInFlight=%s]"
        .formatted(name, roles, rate, maxInFlight);
  }
}
