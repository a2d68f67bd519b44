package com.cpprediction.logging;

import static ch.qos.logback.classic.spi.ConfiguratorRank.CUSTOM_HIGH_PRIORITY;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.core.spi.ContextAwareBase;

/** The log of the service, from WARN. Found by the service loader in tests. */
@ConfiguratorRank(CUSTOM_HIGH_PRIORITY)
public final class QuietLogSetup extends ContextAwareBase implements Configurator {
  @Override
  public ExecutionStatus configure(LoggerContext context) {
    var status = new LogSetup().configure(context);
    context.getLogger("com.cpprediction").setLevel(Level.WARN);
    return status;
  }
}
