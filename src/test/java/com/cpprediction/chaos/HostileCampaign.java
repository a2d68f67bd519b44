package com.cpprediction.chaos;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.cpprediction.testing.OpenApi;
import com.cpprediction.testing.Processes;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Hostile exchanges from several threads, each with a seed of its own, and what the responses broke
 * of the contract.
 */
final class HostileCampaign {
  private static final int THREADS = 12;
  private static final int ALIKE = 2; // faults that are kept for the report
  private static final int MOST_CHARACTERS = 1_200; // of each
  private static final Pattern UNPRINTABLE = Pattern.compile("[^ -~\n]");
  private static final Pattern ID = Pattern.compile("\"prediction_id\":\"([0-9a-f-]{36})\"");
  private static final String CONTRACT = "\"openapi\":"; // which has predictions as examples
  private static final Pattern TRACE = Pattern.compile("\\bat [a-z]+(\\.\\w+)+\\(|Exception\\b");

  /** Of requests that no route of the contract is for. */
  private static final Set<Integer> NO_ROUTE = Set.of(404, 405, 408, 417);

  private final OpenApi contract;
  private final Set<Integer> declared;
  private final long seed;
  private final Set<UUID> predicted = ConcurrentHashMap.newKeySet();
  private final Map<String, Map<String, LongAdder>> counts = new ConcurrentHashMap<>(); // by kind
  private final Map<String, AtomicInteger> faultCounts = new ConcurrentHashMap<>();
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();

  HostileCampaign(OpenApi contract, long seed) {
    this.contract = contract;
    this.seed = seed;
    declared =
        contract.operations().stream()
            .flatMap(operation -> statuses(operation).stream())
            .collect(Collectors.toSet());
  }

  private static Set<Integer> statuses(OpenApi.Operation operation) {
    return operation.description().getJsonObject("responses").fieldNames().stream()
        .map(Integer::valueOf)
        .collect(Collectors.toSet());
  }

  /**
   * Sends exchanges, and waits for their ends.
   *
   * @param part so that each one differs
   * @param servers one for each thread, in turns
   * @param tls of the client; null for plain TCP
   */
  void send(int part, int exchanges, List<InetSocketAddress> servers, @Nullable SSLContext tls)
      throws Exception {
    var left = new AtomicInteger(exchanges);
    var threads = Executors.newFixedThreadPool(THREADS);
    try {
      var ends = new ArrayList<Future<?>>();
      for (int i = 0; i < THREADS; i++) {
        var server = servers.get(i % servers.size());
        var requests =
            new HostileRequests(seed + 1_000L * part + i, contract, server.getHostString());
        ends.add(
            threads.submit(
                () -> {
                  Processes.yieldThread(); // a service may be late by its own work only
                  while (left.getAndDecrement() > 0) run(requests.next(), server, tls);
                }));
      }
      for (var end : ends) end.get();
    } finally {
      threads.shutdownNow();
    }
  }

  /** Notes a reply of whatever kind. */
  void told(String kind, String outcome, String body) {
    count(kind, outcome);
    ID.matcher(body).results().forEach(found -> predicted.add(UUID.fromString(found.group(1))));
  }

  private void run(HostileExchange exchange, InetSocketAddress server, @Nullable SSLContext tls) {
    try {
      var responses = RawConnection.exchange(server, tls, exchange);
      if (responses.all().isEmpty()) {
        var end = exchange.aborted() ? "aborted" : responses.reset() ? "reset" : "none";
        count(exchange.kind(), end);
        if (exchange.operation() != null && !responses.reset()) fault(exchange, "no response");
      }
      for (var response : responses.all()) check(exchange, response);
    } catch (IOException e) {
      fault(exchange, e.toString());
    }
  }

  private void check(HostileExchange exchange, RawConnection.Response response) {
    int status = response.status();
    boolean prediction = status == 200 && !response.body().contains(CONTRACT);
    told(exchange.kind(), Integer.toString(status), prediction ? response.body() : "");
    var allowed = exchange.operation() == null ? declared : statuses(exchange.operation());
    boolean known =
        allowed.contains(status) || exchange.operation() == null && NO_ROUTE.contains(status);
    if (!known) fault(exchange, "undeclared status " + said(response));
    if (status >= 500 && status != 503 && status != 504) fault(exchange, said(response));
    if (TRACE.matcher(response.body()).find()) fault(exchange, "a trace: " + said(response));
    boolean problem =
        response.head().contains("application/problem+json")
            || isInference(exchange) && response.body().contains("\"error\":");
    if (status >= 400 && !response.body().isEmpty() && !problem) {
      fault(exchange, "no problem document: " + said(response));
    }
  }

  /** The Open Inference Protocol has its errors as plain JSON, with the message in "error". */
  private static boolean isInference(HostileExchange exchange) {
    return new String(exchange.bytes(), ISO_8859_1).contains(" /v2");
  }

  private static String said(RawConnection.Response response) {
    var text = response.head() + "\n" + response.body();
    return text.substring(0, Math.min(600, text.length()));
  }

  private void count(String kind, String status) {
    counts
        .computeIfAbsent(kind, first -> new ConcurrentHashMap<>())
        .computeIfAbsent(status, first -> new LongAdder())
        .increment();
  }

  private void fault(HostileExchange exchange, String what) {
    fault(exchange.kind(), what + "\n<- " + new String(exchange.bytes(), ISO_8859_1));
  }

  /** Notes a fault; of those that begin alike only {@value #ALIKE}. */
  void fault(String kind, String what) {
    var key = kind + ": " + what.lines().findFirst().orElse("");
    if (faultCounts.computeIfAbsent(key, first -> new AtomicInteger()).incrementAndGet() > ALIKE) {
      return;
    }
    var fault = printable(kind + ": " + what);
    faults.add(fault.substring(0, Math.min(MOST_CHARACTERS, fault.length())));
  }

  private static String printable(String text) {
    return UNPRINTABLE.matcher(text).replaceAll("?");
  }

  /** Faults of the responses, each with its exchange. */
  List<String> faults() {
    return List.copyOf(faults);
  }

  /** The predictions that callers were told of. */
  Set<UUID> predicted() {
    return predicted;
  }

  /** Responses, those missing too. */
  long responses() {
    return counts.values().stream()
        .flatMap(of -> of.values().stream())
        .mapToLong(LongAdder::sum)
        .sum();
  }

  /** A line for each kind. */
  String table() {
    var table = new StringBuilder("| kind | responses by status |\n|---|---|\n");
    new TreeMap<>(counts)
        .forEach((kind, of) -> table.append("| %s | %s |%n".formatted(kind, new TreeMap<>(of))));
    return table.toString();
  }
}
