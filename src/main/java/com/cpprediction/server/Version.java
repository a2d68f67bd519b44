package com.cpprediction.server;

import picocli.CommandLine.IVersionProvider;

/** The version of the service, from the manifest of the jar. */
public final class Version implements IVersionProvider {
  /** Such as {@code 1.0.0}; {@code development} outside the jar. */
  public static String current() {
    var version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"cp-prediction-service " + current()};
  }
}
