package com.cpprediction.http.client;

import com.cpprediction.http.client.api.PredictionsApi;
import com.cpprediction.http.client.model.Batch;
import com.cpprediction.http.client.model.BatchAnswerResultsInner;
import com.cpprediction.http.client.model.FailedShipment;
import com.cpprediction.http.client.model.Prediction;
import com.cpprediction.http.client.model.Problem;
import com.cpprediction.http.client.model.Shipment;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The generated client with retries, ids of its own, deadlines and streams.
 *
 * <p>A refusal (429), an unavailable service (503), a late one (504) and a broken connection are
 * tried again until the deadline, after a random back-off that grows from 0.1 s to 5 s, or after
 * {@code Retry-After} where that is longer. Shipments without a prediction id get one, so that a
 * prediction is stored once however often its request is sent.
 *
 * <p>May be used by several threads. Calls block; they end with an {@link ApiException} whose code
 * is the status of an error response, or 0 where the service could not be reached.
 */
public final class PredictionHttpClient {
  private static final Set<Problem.CodeEnum> RETRIED_CODES =
      Set.of(
          Problem.CodeEnum.RATE_LIMITED,
          Problem.CodeEnum.OVERLOADED,
          Problem.CodeEnum.NOT_READY,
          Problem.CodeEnum.DEADLINE_EXCEEDED);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ObjectMapper mapper = ApiClient.createDefaultObjectMapper();
  private final String url;
  private final Consumer<HttpRequest.Builder> authorization;
  private final Duration deadline;

  /**
   * A prediction, or a shipment that failed alone.
   *
   * @param shipmentId null where the service couldn't read it
   * @param prediction null for a failure
   * @param error null for a prediction
   */
  public record Result(String shipmentId, Prediction prediction, Problem error) {
    private static Result of(BatchAnswerResultsInner either) {
      if (either.value() instanceof FailedShipment failed) {
        return new Result(failed.getShipmentId(), null, failed.getError());
      }
      var prediction = (Prediction) either.value();
      return new Result(prediction.getShipmentId(), prediction, null);
    }

    private boolean isRetried() {
      return error != null && RETRIED_CODES.contains(error.getCode());
    }
  }

  /** A call of a generated API, which must be one that may be repeated. */
  @FunctionalInterface
  public interface Call<T> {
    /**
     * @param leftMs until the deadline, 1 or more
     */
    T send(ApiClient client, long leftMs) throws ApiException;
  }

  /** Sends shipments once and hands the results on in order. */
  private interface Sender {
    void send(List<Shipment> shipments, Attempts attempts, Consumer<Result> each)
        throws ApiException;
  }

  /**
   * @param url such as {@code http://127.0.0.1:8000}
   * @param token of a caller, null where the service asks for none
   * @param deadline how long a call takes at most, all attempts and pauses included; of a stream,
   *     from one result to the next
   */
  public PredictionHttpClient(String url, String token, Duration deadline) {
    this.url = url.replaceAll("/+$", "");
    this.deadline = deadline;
    authorization =
        request -> {
          if (token != null) request.header("Authorization", "Bearer " + token);
        };
  }

  /** A UUID of version 7 (RFC 9562): 48 bits of Unix time in milliseconds, 74 random bits. */
  public static UUID newPredictionId() {
    long high = System.currentTimeMillis() << 16 | 0x7000 | RANDOM.nextInt(0x1000);
    return new UUID(high, RANDOM.nextLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L);
  }

  /** Makes a call of the generated APIs. */
  public <T> T call(Call<T> call) throws ApiException {
    var attempts = new Attempts(deadline);
    while (true) {
      try {
        return call.send(within(attempts), attempts.leftMs());
      } catch (ApiException e) {
        if (!attempts.waitAfter(e)) throw e;
      }
    }
  }

  /** Predicts the CP of one shipment. */
  public Prediction predict(Shipment shipment) throws ApiException {
    var identified = identified(shipment);
    return call(
        (client, leftMs) -> new PredictionsApi(client).predict(identified, false, leftMs, null));
  }

  /**
   * Predicts up to 1,000 shipments; one that fails does so alone.
   *
   * @return in the order of {@code shipments}
   */
  public List<Result> predictBatch(List<Shipment> shipments) throws ApiException {
    var results = new ArrayList<Result>();
    predict(shipments, this::sendBatch, new Attempts(deadline), results::add);
    return results;
  }

  /**
   * Predicts any number of shipments. After a broken connection only those are sent again whose
   * results are missing.
   *
   * @param window how many shipments are read, kept in memory and sent in a request, 1,000 for
   *     instance
   * @param each is called with results one by one, in the order of {@code shipments}
   */
  public void predictStream(Iterator<Shipment> shipments, int window, Consumer<Result> each)
      throws ApiException {
    while (shipments.hasNext()) {
      var some = new ArrayList<Shipment>();
      while (some.size() < window && shipments.hasNext()) some.add(shipments.next());
      var attempts = new Attempts(deadline);
      predict(
          some,
          this::sendLines,
          attempts,
          result -> {
            each.accept(result);
            attempts.renew();
          });
    }
  }

  private void predict(
      List<Shipment> shipments, Sender sender, Attempts attempts, Consumer<Result> each)
      throws ApiException {
    var all = shipments.stream().map(PredictionHttpClient::identified).toList();
    var results = new Result[all.size()]; // final
    var failures = new Result[all.size()]; // that may be tried again
    var given = new int[1];
    while (given[0] < all.size()) {
      var missing =
          IntStream.range(given[0], all.size()).filter(i -> results[i] == null).boxed().toList();
      var places = missing.iterator();
      ApiException error = null;
      try {
        sender.send(
            missing.stream().map(all::get).toList(),
            attempts,
            result -> {
              int i = places.next();
              (result.isRetried() ? failures : results)[i] = result;
              for (; given[0] < all.size() && results[given[0]] != null; given[0]++) {
                each.accept(results[given[0]]);
              }
            });
        if (places.hasNext()) error = new ApiException("The response ended before its results");
      } catch (ApiException e) {
        error = e;
      }
      if (given[0] == all.size()) return;
      if (error == null ? attempts.await(0) : attempts.waitAfter(error)) continue;
      if (error != null) throw error;
      for (; given[0] < all.size(); given[0]++) {
        each.accept(results[given[0]] != null ? results[given[0]] : failures[given[0]]);
      }
    }
  }

  private void sendBatch(List<Shipment> shipments, Attempts attempts, Consumer<Result> each)
      throws ApiException {
    new PredictionsApi(within(attempts))
        .predictBatch(new Batch().shipments(shipments), attempts.leftMs(), null)
        .getResults()
        .forEach(result -> each.accept(Result.of(result)));
  }

  private void sendLines(List<Shipment> shipments, Attempts attempts, Consumer<Result> each)
      throws ApiException {
    try {
      var body = new StringBuilder();
      for (var shipment : shipments) body.append(mapper.writeValueAsString(shipment)).append('\n');
      var request =
          HttpRequest.newBuilder(URI.create(url + "/predict/stream"))
              .header("Content-Type", "application/x-ndjson")
              .header("X-Deadline-Ms", Long.toString(attempts.leftMs()))
              .timeout(Duration.ofMillis(attempts.leftMs()))
              .POST(BodyPublishers.ofString(body.toString()));
      authorization.accept(request);
      var response = http.send(request.build(), BodyHandlers.ofInputStream());
      try (var in = response.body()) {
        if (response.statusCode() != 200) {
          var problem = new String(in.readAllBytes(), StandardCharsets.UTF_8);
          throw new ApiException(response.statusCode(), problem, response.headers(), problem);
        }
        readLines(in, attempts, each);
      }
    } catch (IOException e) {
      throw new ApiException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ApiException(e);
    }
  }

  private void readLines(InputStream in, Attempts attempts, Consumer<Result> each)
      throws IOException {
    var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    while (true) {
      // The JDK's client limits the time until the headers, but not that of the body.
      String line;
      var limit = lines.ready() ? null : closeAfter(attempts.leftMs(), in);
      try {
        line = lines.readLine();
      } finally {
        if (limit != null) limit.cancel(false);
      }
      if (line == null) return;
      each.accept(Result.of(mapper.readValue(line, BatchAnswerResultsInner.class)));
    }
  }

  private static CompletableFuture<Void> closeAfter(long ms, InputStream in) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            in.close();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        CompletableFuture.delayedExecutor(ms, TimeUnit.MILLISECONDS));
  }

  /** A client of the generated APIs that shares connections and ends at the deadline. */
  private ApiClient within(Attempts attempts) {
    var client =
        new ApiClient(null, mapper, url) {
          @Override
          public HttpClient getHttpClient() {
            return http;
          }
        };
    client.setRequestInterceptor(authorization);
    client.setReadTimeout(Duration.ofMillis(attempts.leftMs()));
    return client;
  }

  private static Shipment identified(Shipment shipment) {
    if (shipment.getPredictionId() != null) return shipment;
    return new Shipment()
        .shipmentId(shipment.getShipmentId())
        .address(shipment.getAddress())
        .pincode(shipment.getPincode())
        .predictionId(newPredictionId());
  }
}
