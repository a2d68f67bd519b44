package com.cpprediction.tracing;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Samples a share of the traces that begin here, by their ids, and each that is linked to a sampled
 * one.
 */
final class RatioSampler implements Sampler {
  private record Share(double share, Sampler sampler) {}

  private final DoubleSupplier share;
  private volatile Share current = new Share(0, Sampler.alwaysOff());

  /**
   * @param share 0..1; asked for each trace
   */
  RatioSampler(DoubleSupplier share) {
    this.share = share;
  }

  @Override
  public SamplingResult shouldSample(
      Context parent,
      String traceId,
      String name,
      SpanKind kind,
      Attributes attributes,
      List<LinkData> links) {
    for (var link : links) {
      if (link.getSpanContext().isSampled()) return SamplingResult.recordAndSample();
    }
    return sampler().shouldSample(parent, traceId, name, kind, attributes, links);
  }

  private Sampler sampler() {
    double now = share.getAsDouble();
    var known = current;
    if (known.share != now) {
      known = new Share(now, Sampler.traceIdRatioBased(now));
      current = known;
    }
    return known.sampler;
  }

  @Override
  public String getDescription() {
    return "RatioSampler";
  }
}
