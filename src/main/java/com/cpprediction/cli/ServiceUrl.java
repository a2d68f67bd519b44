package com.cpprediction.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;

/** Reads {@code --url}. */
final class ServiceUrl {
  private static final int MAX_PORT = 65_535;

  private ServiceUrl() {}

  /**
   * The URL, with its scheme in lower case and without a slash at its end.
   *
   * @throws picocli.CommandLine.ParameterException when it has another scheme, a query or a user, a
   *     host that Java's URLs don't know, or a port beyond 65535
   */
  static URI parse(CommandSpec spec, String url) {
    URI uri;
    try {
      uri = new URI(url.strip().replaceFirst("/$", ""));
    } catch (URISyntaxException e) {
      uri = URI.create("");
    }
    var scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    boolean web = scheme.equals("http") || scheme.equals("https");
    boolean bare =
        uri.getRawUserInfo() == null && uri.getRawQuery() == null && uri.getRawFragment() == null;
    var named = "--url \"" + url + "\" ";
    var authority = uri.getRawAuthority();
    UsageCheck.require(
        spec,
        uri.getHost() != null || !web || authority == null || !authority.contains("_"),
        named + "has a host with an underscore, which Java's URLs exclude; use another name of it");
    UsageCheck.require(
        spec, web && bare && uri.getHost() != null, named + "is not like http://127.0.0.1:8000");
    UsageCheck.require(
        spec,
        uri.getPort() <= MAX_PORT && uri.getPort() != 0,
        named + "has a port that is not in 1.." + MAX_PORT);
    return URI.create(scheme + uri.toString().substring(scheme.length()));
  }
}
