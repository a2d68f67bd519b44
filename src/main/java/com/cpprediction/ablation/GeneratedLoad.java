package com.cpprediction.ablation;

import java.net.URI;
import java.net.http.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;

/** TEMPORARY until the load generator is there. */
final class GeneratedLoad implements Load, AutoCloseable {
  private final HttpClient http = HttpClient.newHttpClient();

  @Override
  public Outcome closed(URI service, Questions questions, int callers, Duration duration)
      throws InterruptedException {
    long begin = System.nanoTime();
    long end = begin + duration.toNanos();
    var next = new AtomicLong();
    return run(
        callers,
        (lat, cached, errors) -> {
          while (System.nanoTime() < end)
            one(service, questions, next.getAndIncrement(), System.nanoTime(), lat, cached, errors);
        },
        begin);
  }

  @Override
  public Outcome open(URI service, Questions questions, double rate, Duration duration)
      throws InterruptedException {
    long begin = System.nanoTime();
    long total = Math.round(rate * duration.toMillis() / 1000.0);
    var next = new AtomicLong();
    return run(
        64,
        (lat, cached, errors) -> {
          for (long i = next.getAndIncrement(); i < total; i = next.getAndIncrement()) {
            long due = begin + (long) (i * 1e9 / rate);
            while (System.nanoTime() < due)
              java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
            one(service, questions, i, due, lat, cached, errors);
          }
        },
        begin);
  }

  interface Job {
    void run(Queue<Long> lat, AtomicLong cached, ConcurrentMap<String, Long> errors)
        throws Exception;
  }

  private Outcome run(int threads, Job job, long begin) throws InterruptedException {
    var lat = new ConcurrentLinkedQueue<Long>();
    var cached = new AtomicLong();
    var errors = new ConcurrentHashMap<String, Long>();
    var pool = Executors.newFixedThreadPool(threads);
    for (int i = 0; i < threads; i++)
      pool.submit(
          () -> {
            job.run(lat, cached, errors);
            return null;
          });
    pool.shutdown();
    pool.awaitTermination(1, TimeUnit.HOURS);
    var sorted = lat.stream().mapToLong(l -> l).sorted().toArray();
    int n = sorted.length;
    return new Outcome(
        n,
        errors.values().stream().mapToLong(l -> l).sum(),
        cached.get(),
        (System.nanoTime() - begin) / 1e9,
        n == 0 ? 0 : sorted[n / 2] / 1e6,
        n == 0 ? 0 : sorted[(int) (n * .95)] / 1e6,
        n == 0 ? 0 : sorted[(int) (n * .99)] / 1e6,
        true,
        errors);
  }

  private void one(
      URI service,
      Questions q,
      long i,
      long due,
      Queue<Long> lat,
      AtomicLong cached,
      ConcurrentMap<String, Long> errors)
      throws Exception {
    var r =
        http.send(
            HttpRequest.newBuilder(service.resolve(q.path()))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(q.body().apply(i).getBytes()))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (r.statusCode() == 200) {
      lat.add(System.nanoTime() - due);
      if (r.body().contains("\"source\":\"cache\"")) cached.incrementAndGet();
    } else errors.merge("" + r.statusCode(), 1L, Long::sum);
  }

  @Override
  public void close() {}
}
