package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Rejects requests that a browser sends on behalf of another site, so that a visited page can
 * neither control the service nor read from it. Cross-site requests are recognized by {@code
 * Sec-Fetch-Site} or {@code Origin}, DNS rebinding by {@code Host}. Clients other than browsers
 * send neither of the first two. Confined to one event loop.
 */
final class SameOrigin {
  private static final CharSequence SITE = HttpHeaders.createOptimized("Sec-Fetch-Site");
  private static final CharSequence MODE = HttpHeaders.createOptimized("Sec-Fetch-Mode");
  private static final CharSequence DESTINATION = HttpHeaders.createOptimized("Sec-Fetch-Dest");

  private static final String SAME_ORIGIN = "same-origin";

  /** Value of {@code Sec-Fetch-Site} for a typed address or a bookmark. */
  private static final String USER_INITIATED = "none";

  /** Host and optional port; the port is ignored, since proxies and port mappings change it. */
  private static final Pattern HOST = Pattern.compile("(\\[[0-9a-f:.]+]|[^\\[\\]:@/]+)(:\\d*)?");

  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.+\\.localhost|127(\\.\\d{1,3}){3}|\\[::1]");

  private static final String HINT = "; http.allowed_hosts names the hosts it has";

  private final boolean loopback;
  private final Supplier<List<String>> allowed;

  /** The last {@code Host} accepted as local, since most requests repeat it. */
  private @Nullable String lastLocalHost;

  /**
   * @param loopback whether the service listens on loopback only
   * @param allowed the current {@code http.allowed_hosts}, in lower case
   */
  SameOrigin(boolean loopback, Supplier<List<String>> allowed) {
    this.loopback = loopback;
    this.allowed = allowed;
  }

  /**
   * Rejects a cross-site request.
   *
   * @param page whether the route serves a page or its parts, to which other sites may link
   * @throws ServiceException {@link Failure#FORBIDDEN}
   */
  void check(HttpServerRequest request, boolean page) {
    var host = request.getHeader(HttpHeaders.HOST);
    if (loopback ? host == null || !host.equals(lastLocalHost) : !allowed.get().isEmpty()) {
      checkHost(request, host);
    }
    var site = request.getHeader(SITE);
    if (SAME_ORIGIN.equals(site)) return;
    if (site != null && !site.equals(USER_INITIATED)) {
      if (page && isNavigation(request)) return;
      throw Failure.FORBIDDEN.because("A page of another site can't do this");
    }
    var origin = request.getHeader(HttpHeaders.ORIGIN);
    if (origin != null && !isOwnOrigin(origin, request)) {
      throw Failure.FORBIDDEN.because("A page of another origin can't do this" + HINT);
    }
  }

  /**
   * Whether the {@code Host} of {@code request} is a loopback name, or absent outside a browser.
   */
  static boolean namesThisMachine(HttpServerRequest request) {
    var host = host(request.getHeader(HttpHeaders.HOST));
    return host == null
        ? request.getHeader(HttpHeaders.HOST) == null && !fromBrowser(request)
        : LOOPBACK.matcher(host).matches();
  }

  private void checkHost(HttpServerRequest request, @Nullable String header) {
    // HTTP/1.0 proxies and scripts may omit Host, browsers never do.
    if (header == null && !fromBrowser(request)) return;
    var host = host(header);
    if (host != null && isOwnAddress(request, host)) {
      if (loopback) lastLocalHost = header;
      return;
    }
    if (host != null && allowed.get().contains(host)) return;
    throw Failure.FORBIDDEN.because("The Host of this request is not this service" + HINT);
  }

  /** Whether {@code host} is the local address of the connection, which needs no DNS. */
  private static boolean isOwnAddress(HttpServerRequest request, String host) {
    var address = request.localAddress().hostAddress();
    if (address == null) return false;
    return Guard.isLoopback(request.localAddress())
        ? LOOPBACK.matcher(host).matches()
        : host.equals(address) || sameIpv6(host, address);
  }

  /** Compares IPv6 literals by value, without a DNS lookup. */
  static boolean sameIpv6(String host, String address) {
    if (!host.startsWith("[")) return false;
    var literal = NetUtil.createByteArrayFromIpAddressString(host);
    return literal != null
        && Arrays.equals(literal, NetUtil.createByteArrayFromIpAddressString(address));
  }

  private static boolean fromBrowser(HttpServerRequest request) {
    return request.getHeader(SITE) != null || request.getHeader(HttpHeaders.ORIGIN) != null;
  }

  /** Whether a user navigates to the page, whose response no other site can read. */
  private static boolean isNavigation(HttpServerRequest request) {
    return (request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD)
        && "navigate".equals(request.getHeader(MODE))
        && "document".equals(request.getHeader(DESTINATION));
  }

  /**
   * Whether {@code origin} is this service. A proxy that terminates TLS changes the scheme; one
   * that replaces {@code Host} needs its name in {@code http.allowed_hosts}.
   */
  private boolean isOwnOrigin(String origin, HttpServerRequest request) {
    int end = origin.indexOf("://");
    if (end < 0) return false; // "null" too
    var scheme = origin.substring(0, end).toLowerCase(Locale.ROOT);
    if (!scheme.equals("https") && !(scheme.equals("http") && !request.isSSL())) return false;
    var authority = origin.substring(end + "://".length());
    var here = request.getHeader(HttpHeaders.HOST);
    if (here != null && authority.equalsIgnoreCase(here)) return true;
    var host = host(authority);
    return host != null && allowed.get().contains(host);
  }

  /** The host without its port, in lower case; none when absent or malformed. */
  private static @Nullable String host(@Nullable String authority) {
    if (authority == null) return null;
    var parts = HOST.matcher(authority.toLowerCase(Locale.ROOT));
    if (!parts.matches()) return null;
    var host = parts.group(1);
    return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
  }
}
