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

/**
 * Refuses what a browser sends on behalf of another site: a page that its user visits must not
 * drive the service, nor read from it. A browser says where a request comes from ({@code
 * Sec-Fetch-Site}, {@code Origin}); a site that has its name resolve to this machine (DNS
 * rebinding) is known by the {@code Host} it asks for. Programs that aren't browsers send neither
 * header and are not concerned. Confined to one event loop.
 */
final class SameOrigin {
  private static final CharSequence SITE = HttpHeaders.createOptimized("Sec-Fetch-Site");
  private static final CharSequence MODE = HttpHeaders.createOptimized("Sec-Fetch-Mode");
  private static final CharSequence DESTINATION = HttpHeaders.createOptimized("Sec-Fetch-Dest");

  private static final String SAME_ORIGIN = "same-origin";

  /** Typed, or from a bookmark. */
  private static final String BY_THE_USER = "none";

  /** Of the host alone; the port is whatever leads here, through a proxy or a mapping. */
  private static final Pattern HOST = Pattern.compile("(\\[[0-9a-f:.]+]|[^\\[\\]:@/]+)(:\\d*)?");

  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.+\\.localhost|127(\\.\\d{1,3}){3}|\\[::1]");

  private static final String TO_ALLOW = "; http.allowed_hosts names the hosts it has";

  private final boolean loopback;
  private final Supplier<List<String>> allowed;
  private String
      lastLocal; // what was last asked for as a name of this machine; most ask for the same

  /**
   * @param loopback whether the service listens on loopback only
   * @param allowed {@code http.allowed_hosts} in force now, in lower case
   */
  SameOrigin(boolean loopback, Supplier<List<String>> allowed) {
    this.loopback = loopback;
    this.allowed = allowed;
  }

  /**
   * Refuses {@code request} where another site is behind it.
   *
   * @param page whether this answers a page or a part of one: others may link to it
   * @throws ServiceException {@link Failure#FORBIDDEN}
   */
  void check(HttpServerRequest request, boolean page) {
    var asked = request.getHeader(HttpHeaders.HOST);
    if (loopback ? asked == null || !asked.equals(lastLocal) : !allowed.get().isEmpty()) {
      checkHost(request, asked);
    }
    var site = request.getHeader(SITE);
    if (SAME_ORIGIN.equals(site)) return;
    if (site != null && !site.equals(BY_THE_USER)) {
      if (page && visit(request)) return;
      throw Failure.FORBIDDEN.because("A page of another site can't do this");
    }
    var origin = request.getHeader(HttpHeaders.ORIGIN);
    if (origin != null && !own(origin, request)) {
      throw Failure.FORBIDDEN.because("A page of another origin can't do this" + TO_ALLOW);
    }
  }

  /** Whether {@code request} asks for this machine by one of the names it calls itself. */
  static boolean namesThisMachine(HttpServerRequest request) {
    var host = host(request.getHeader(HttpHeaders.HOST));
    return host == null
        ? request.getHeader(HttpHeaders.HOST) == null && !browsing(request)
        : LOOPBACK.matcher(host).matches();
  }

  private void checkHost(HttpServerRequest request, String asked) {
    // HTTP/1.0 may come without, from a proxy or a script, never from a browser.
    if (asked == null && !browsing(request)) return;
    var host = host(asked);
    if (host != null && ownAddress(request, host)) {
      if (loopback) lastLocal = asked;
      return;
    }
    if (host != null && allowed.get().contains(host)) return;
    throw Failure.FORBIDDEN.because("The Host of this request is not this service" + TO_ALLOW);
  }

  /**
   * Whether {@code host} is what the connection was made to: no name that another site could
   * resolve.
   */
  private static boolean ownAddress(HttpServerRequest request, String host) {
    var address = request.localAddress().hostAddress();
    if (address == null) return false;
    return Guard.isLoopback(request.localAddress())
        ? LOOPBACK.matcher(host).matches()
        : host.equals(address) || sameIpv6(host, address);
  }

  /** One IPv6 address is written in several ways; a literal is never looked up. */
  static boolean sameIpv6(String host, String address) {
    if (!host.startsWith("[")) return false;
    var literal = NetUtil.createByteArrayFromIpAddressString(host);
    return literal != null
        && Arrays.equals(literal, NetUtil.createByteArrayFromIpAddressString(address));
  }

  private static boolean browsing(HttpServerRequest request) {
    return request.getHeader(SITE) != null || request.getHeader(HttpHeaders.ORIGIN) != null;
  }

  /** Whether a user followed a link, and will see the answer in the window, and only they. */
  private static boolean visit(HttpServerRequest request) {
    return (request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD)
        && "navigate".equals(request.getHeader(MODE))
        && "document".equals(request.getHeader(DESTINATION));
  }

  /**
   * Whether {@code origin} is this service. Before a proxy that ends TLS the scheme of the origin
   * is another one than here; one that replaces the {@code Host} needs its own name allowed.
   */
  private boolean own(String origin, HttpServerRequest request) {
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

  /** The host without its port, in lower case; null when it is missing or isn't one. */
  private static String host(String authority) {
    if (authority == null) return null;
    var parts = HOST.matcher(authority.toLowerCase(Locale.ROOT));
    if (!parts.matches()) return null;
    var host = parts.group(1);
    return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
  }
}
