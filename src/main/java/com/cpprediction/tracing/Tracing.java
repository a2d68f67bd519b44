package com.cpprediction.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.semconv.ServiceAttributes;
import io.vertx.core.spi.VertxTracerFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The tracer of a node, and the sending of its spans over OTLP (HTTP, protobuf) to one receiver.
 * Reads no environment variable and no system property of OpenTelemetry. Thread-safe.
 */
public final class Tracing {
  /** Value of {@code service.name}. */
  public static final String SERVICE = "cp-prediction-service";

  private static final String PATH = "/v1/traces"; // as OTLP over HTTP prescribes
  private static final AttributeKey<String> INSTANCE =
      AttributeKey.stringKey("service.instance.id");
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration EXPORT_TIMEOUT = Duration.ofSeconds(5);
  private static final RetryPolicy ONE_RETRY = // the pauses between exports are longer
      RetryPolicy.builder().setMaxAttempts(2).setInitialBackoff(Duration.ofMillis(250)).build();
  private static final Duration DELAY = Duration.ofSeconds(1);
  private static final int QUEUE = 4_096; // spans; further ones are lost
  private static final int BATCH = 512;
  private static final int MAX_VALUE = 256; // characters of an attribute

  private final SdkTracerProvider provider;
  private final RequestTracer tracer;

  /**
   * Sends nothing before the first span.
   *
   * @param endpoint URL of the receiver, without the path of traces
   * @param ratio share of traces to sample, 0..1, of those that begin here; asked for each
   * @param version of the service
   * @param instance name of the node
   */
  public Tracing(String endpoint, DoubleSupplier ratio, String version, String instance) {
    var url = endpoint.endsWith("/") ? endpoint.substring(0, endpoint.length() - 1) : endpoint;
    var exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(url + PATH)
            .setConnectTimeout(CONNECT_TIMEOUT)
            .setTimeout(EXPORT_TIMEOUT)
            .setRetryPolicy(ONE_RETRY)
            .build();
    provider =
        SdkTracerProvider.builder()
            .setResource(
                Resource.getDefault().toBuilder()
                    .put(ServiceAttributes.SERVICE_NAME, SERVICE)
                    .put(ServiceAttributes.SERVICE_VERSION, version)
                    .put(INSTANCE, instance)
                    .build())
            .setSampler(Sampler.parentBased(new RatioSampler(ratio)))
            .setSpanLimits(
                SpanLimits.builder()
                    .setMaxNumberOfLinks(RequestTracer.MAX_LINKS)
                    .setMaxAttributeValueLength(MAX_VALUE)
                    .build())
            .addSpanProcessor(
                BatchSpanProcessor.builder(new PausingExporter(exporter, url, System::nanoTime))
                    .setMaxQueueSize(QUEUE)
                    .setMaxExportBatchSize(BATCH)
                    .setScheduleDelay(DELAY)
                    .setExporterTimeout(EXPORT_TIMEOUT.multipliedBy(2))
                    .build())
            .build();
    tracer =
        new RequestTracer(
            provider.tracerBuilder(SERVICE).setInstrumentationVersion(version).build());
  }

  /** Gives Vert.x the tracer. To be called before any Vert.x of this process is made. */
  public VertxTracerFactory factory() {
    return options -> tracer;
  }

  /** Trace id of the current request, in hexadecimal digits; null where it isn't recorded. */
  public static @Nullable String currentTrace() {
    return TraceStep.current() instanceof SpanStep step ? step.context().getTraceId() : null;
  }

  /** As {@link #currentTrace}, of its span. */
  public static @Nullable String currentSpan() {
    return TraceStep.current() instanceof SpanStep step ? step.context().getSpanId() : null;
  }

  /**
   * Sends what is left, and ends. To be called when no request is served any more.
   *
   * @return completes, never with a failure, once all is sent or given up
   */
  public CompletableFuture<Void> stop() {
    var stopped = new CompletableFuture<Void>();
    provider.shutdown().whenComplete(() -> stopped.complete(null));
    return stopped;
  }
}
