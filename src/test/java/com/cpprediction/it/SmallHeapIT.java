package com.cpprediction.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.PackagedService.Launch;
import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The packaged service with a heap that all its callers together could fill many times. */
@Timeout(120)
class SmallHeapIT {
  private static final String HEAP = "128m";
  private static final int CALLERS = 180;
  private static final int BODY = 4 * 1024 * 1024;
  private static final int CHUNK = 64 * 1024;
  private static final int STREAMS = 100;

  @RegisterExtension
  @Order(1)
  private static final PostgresProcess postgres = new PostgresProcess();

  @RegisterExtension
  @Order(2)
  private static final PackagedService service =
      new PackagedService(
          postgres::newUri,
          // Of the answers only refusals count, not how fast the machine is.
          new JsonObject().put("prediction", new JsonObject().put("timeout_ms", 60_000)),
          Launch.withHeap(HEAP));

  @BeforeAll
  static void awaitReady() throws Exception {
    Await.until("ready", service::ready);
  }

  @Test
  void bodiesThatDoNotFitTogetherAreRefusedInWords() throws Exception {
    var body = largestBatch();

    var answers =
        whileHealthIsAsked(
            () -> {
              var all = atOnce(CALLERS, i -> send(body, i % 2 == 0));
              all.addAll(atOnce(CALLERS, i -> send(body, i % 2 == 0)));
              return all;
            });

    var statuses = answers.stream().map(answer -> answer.split(" ")[1]).distinct().sorted();
    assertThat(statuses).isSubsetOf("200", "503").contains("503");

    assertThat(answers)
        .filteredOn(answer -> answer.contains(" 503 "))
        .allMatch(answer -> answer.contains("Retry-After") && answer.contains("overloaded"));
    isWell();
  }

  @Test
  void streamsThatAreNotReadAreBounded() throws Exception {
    var streams = new ArrayList<Unread>();

    int refused =
        whileHealthIsAsked(
            () -> {
              for (int i = 0; i < STREAMS; i++) streams.add(Unread.open());
              // More than the buffers of the machine take, or as much as the service reads.
              for (int written = 1; written > 0; ) {
                written = 0;
                for (var stream : streams) written += stream.write();
              }
              int no = 0;
              for (var stream : streams) if (stream.status().contains("503")) no++;
              return no;
            });

    assertThat(refused).isBetween(STREAMS - 64, STREAMS - 1);
    for (var stream : streams) stream.channel().close();
    isWell();
  }

  @Test
  void rowsThatWaitForPostgresLeaveRoomInTheHeap() throws Exception {
    var shipments = new JsonArray();
    for (int i = 0; i < 1_000; i++) shipments.add(shipment(1).put("shipment_id", "W" + i));
    var batch = new JsonObject().put("shipments", shipments);

    postgres.stopFast();
    try {
      Await.until(
          "the journal is full",
          () -> {
            service.post("/predict/batch", batch);
            return !service.ready();
          });
      assertThat(service.persistence().getLong("waiting")).isGreaterThan(1_000);
    } finally {
      postgres.start();
    }

    Await.until("all rows are stored", () -> service.waiting() == 0);
    assertThat(service.persistence().getLong("dropped")).isZero();
    isWell();
  }

  /** What {@code load} returns; each health question meanwhile is answered well. */
  private static <T> T whileHealthIsAsked(Callable<T> load) throws Exception {
    var over = new AtomicBoolean();
    var asking = Executors.newSingleThreadExecutor();
    try {
      var asked =
          asking.submit(
              () -> {
                int count = 0;
                for (; !over.get(); count++) {
                  for (var path : List.of("/health/live", "/health/ready")) {
                    var answer = service.get(path);
                    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                  }
                }
                return count;
              });
      T result = load.call();
      over.set(true);
      assertThat(asked.get()).isPositive();
      return result;
    } finally {
      over.set(true);
      asking.shutdown();
    }
  }

  /** It predicts, holds nothing any more, and never ran out of memory. */
  private static void isWell() throws Exception {
    Await.until("predicts", () -> service.post("/predict", shipment(1)).statusCode() == 200);
    Await.until(
        "holds nothing",
        () -> service.get("/metrics").body().contains("\ncp_http_pending_bytes 0.0\n"));
    assertThat(service.log()).doesNotContain("OutOfMemoryError", "OutOfDirectMemoryError");
    assertThat(service.alive()).isTrue();
  }

  private interface Caller {
    String call(int number) throws Exception;
  }

  private static List<String> atOnce(int count, Caller caller)
      throws InterruptedException, ExecutionException {
    var threads = Executors.newFixedThreadPool(count);
    try {
      var answers = new ArrayList<Future<String>>();
      for (int i = 0; i < count; i++) {
        int number = i;
        answers.add(threads.submit(() -> caller.call(number)));
      }
      var all = new ArrayList<String>();
      for (var answer : answers) all.add(answer.get());
      return all;
    } finally {
      threads.shutdown();
    }
  }

  /** The head of the answer, and the first line of its body. */
  private static String send(byte[] body, boolean announced) throws IOException {
    try (var socket = new Socket("127.0.0.1", service.port())) {
      socket.setSoTimeout(60_000);
      var out = socket.getOutputStream();
      var framing = announced ? "Content-Length: " + body.length : "Transfer-Encoding: chunked";
      try {
        out.write(head("/predict/batch", "application/json", framing).getBytes(US_ASCII));
        for (int i = 0; i < body.length; i += CHUNK) {
          if (!announced) out.write((Integer.toHexString(CHUNK) + "\r\n").getBytes(US_ASCII));
          out.write(body, i, CHUNK);
          if (!announced) out.write("\r\n".getBytes(US_ASCII));
        }
        if (!announced) out.write("0\r\n\r\n".getBytes(US_ASCII));
      } catch (IOException e) {
        // Refused meanwhile, and the connection closed: the answer is there to be read.
      }
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      var answer = new StringBuilder();
      for (var line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
        answer.append(line).append('\n');
      }
      var head = answer.toString().replaceAll("(?i)retry-after", "Retry-After");
      if (head.contains(" 200 ")) return head;
      var content = new char[200];
      int length = in.read(content);
      return head + new String(content, 0, Math.max(0, length));
    }
  }

  /**
   * A stream whose answers are not read.
   *
   * @param lines a chunk of them, sent again and again
   */
  private record Unread(SocketChannel channel, ByteBuffer lines) {
    static Unread open() throws IOException {
      var channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", service.port()));
      var head = head("/predict/stream", "application/x-ndjson", "Transfer-Encoding: chunked");
      channel.write(ByteBuffer.wrap(head.getBytes(US_ASCII)));
      channel.configureBlocking(false);
      var line = "{\"shipment_id\":\"S1\",\"address\":\"Kadri Hills, Mangalore 575002\"}\n";
      var content = line.repeat(200);
      var chunk = Integer.toHexString(content.length()) + "\r\n" + content + "\r\n";
      return new Unread(channel, ByteBuffer.wrap(chunk.getBytes(US_ASCII)));
    }

    /** Bytes that were sent, as many as can be now. */
    int write() {
      try {
        int written = channel.write(lines);
        if (!lines.hasRemaining()) lines.rewind();
        return written;
      } catch (IOException e) {
        return 0; // refused and closed
      }
    }

    String status() throws IOException {
      channel.configureBlocking(true);
      var in = new InputStreamReader(channel.socket().getInputStream(), UTF_8);
      return new BufferedReader(in).readLine();
    }
  }

  private static String head(String path, String type, String framing) {
    return "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\n%s\r\n\r\n"
        .formatted(path, type, framing);
  }

  /** A thousand of the longest shipments, filled up to what a body may have. */
  private static byte[] largestBatch() {
    var shipments = new JsonArray();
    for (int i = 0; i < 1_000; i++) shipments.add(shipment(i));
    var json = new JsonObject().put("shipments", shipments).encode().getBytes(UTF_8);
    var body = new byte[BODY];
    Arrays.fill(body, (byte) ' ');
    System.arraycopy(json, 0, body, 0, json.length);
    return body;
  }

  private static JsonObject shipment(int number) {
    var words = "\u092E\u0915\u093E\u0928 ".repeat(190);
    return new JsonObject()
        .put("shipment_id", "S" + number)
        .put("address", words + number + " Bunts Hostel Road, Mangalore 575003");
  }
}
