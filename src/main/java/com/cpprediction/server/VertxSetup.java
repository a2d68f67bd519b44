package com.cpprediction.server;

import com.cpprediction.cluster.Membership;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.tracing.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.micrometer.MetricsDomain;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Builds the Vert.x of the service, clustered or not. */
final class VertxSetup {
  /** Timeout of joining the cluster. */
  private static final Duration JOIN_TIMEOUT = Duration.ofSeconds(60);

  private VertxSetup() {}

  /**
   * The membership that {@code config} describes.
   *
   * @throws StartException when it describes none
   */
  static Membership membership(Home home, ClusterConfig config) {
    try {
      return Membership.of(config, home.resolve("conf/hazelcast.xml"), home::resolve);
    } catch (IllegalArgumentException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Builds Vert.x, and joins the cluster where there is a membership. Blocks.
   *
   * @param eventLoops threads for event loops at most; each starts with its first task
   * @param measured whether {@code registry} collects the meters of Vert.x
   * @param membership of a node in a cluster
   * @param tracing of requests; absent where they are not traced
   * @throws StartException when the cluster can't be joined
   */
  static Vertx vertx(
      int eventLoops,
      MeterRegistry registry,
      boolean measured,
      @Nullable Membership membership,
      @Nullable Tracing tracing) {
    var options = options().setEventLoopPoolSize(eventLoops);
    if (membership != null) options.setEventBusOptions(membership.bus());
    if (measured) options.setMetricsOptions(meters(MicrometerMetricsOptions.DEFAULT_REGISTRY_NAME));
    var builder = Vertx.builder().with(options);
    if (measured) builder.withMetrics(new MicrometerMetricsFactory(registry));
    if (tracing != null) builder.withTracer(tracing.factory());
    if (membership == null) return builder.build();
    try {
      return builder
          .withClusterManager(membership.manager())
          .buildClustered()
          .await(JOIN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) { // reaches some members only
      throw new StartException(
          "Not in the cluster after %d s; can this node reach every member, and they it?"
              .formatted(JOIN_TIMEOUT.toSeconds()),
          e);
    } catch (Exception e) { // await rethrows the cause, checked or not
      throw new StartException(
          "Cannot join the cluster (%s); see cluster.host, cluster.port and cluster.bus_port"
              .formatted(e.getMessage()),
          e);
    }
  }

  /**
   * A Vert.x beside that of the service, whose meters it leaves alone.
   *
   * @param measured whether {@code registry} collects its meters
   */
  static Vertx separate(MeterRegistry registry, boolean measured) {
    var options = options();
    var builder = Vertx.builder().with(options);
    if (measured) {
      options.setMetricsOptions(meters("separate").setJvmMetricsEnabled(false));
      builder.withMetrics(new MicrometerMetricsFactory(registry));
    }
    return builder.build();
  }

  private static VertxOptions options() {
    return new VertxOptions()
        .setFileSystemOptions(
            new FileSystemOptions()
                .setFileCachingEnabled(false)
                .setClassPathResolvingEnabled(false));
  }

  /**
   * @param registry a name of its own for each registry of the process
   */
  private static MicrometerMetricsOptions meters(String registry) {
    return new MicrometerMetricsOptions()
        .setEnabled(true)
        .setRegistryName(registry)
        .setJvmMetricsEnabled(true)
        // Labelled with the HTTP method, an unbounded set: callers can make one up.
        .addDisabledMetricsCategory(MetricsDomain.HTTP_SERVER)
        // A look-up for each side of a message and for each read and write of a connection.
        .addDisabledMetricsCategory(MetricsDomain.EVENT_BUS)
        .addDisabledMetricsCategory(MetricsDomain.NET_SERVER);
  }
}
