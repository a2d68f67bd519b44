package com.cpprediction.http;

import com.cpprediction.auth.CallerLimits;
import com.cpprediction.common.Slots;
import com.cpprediction.config.Role;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.http.NdjsonSplitter.Line;
import com.cpprediction.json.JsonBytes;
import com.cpprediction.json.ParseCost;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.Item;
import com.cpprediction.serving.ParsingPool;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.Problem;
import com.cpprediction.serving.Shipments;
import com.cpprediction.web.ResponseFraming;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /predict/stream}: an unlimited number of shipments, one per line; responds with one
 * line each, in order. Waiting lines are served in chunks, a single line immediately. Reading
 * pauses while the backlog or the unread response is large. Confined to one event loop.
 */
final class NdjsonStream {
  /** Maximum lines of a chunk. */
  private static final int CHUNK_LINES = 64;

  /** Chunks in flight per stream, which keep the scoring threads busy. */
  private static final int MAX_CHUNKS = 4;

  /** Backlog in lines at which reading pauses. */
  private static final int MAX_WAITING = 2 * CHUNK_LINES;

  /** Backlog in bytes at which reading pauses. */
  private static final int MAX_WAITING_BYTES = 128 * 1024;

  private static final int INLINE_LINES =
      16; // lines parsed on the event loop unless they are costly

  /** Bytes decoded per turn of the event loop: gzip may expand a thousandfold. */
  private static final int DECODE_SLICE = 256 * 1024;

  /**
   * Byte budget of a stream, for its backlog and unread response: 0.6 MB on the heap and 0.4 MB off
   * it, measured with callers that don't read on 2026-11-28.
   */
  private static final int STREAM_BYTES = 1024 * 1024;

  private static final long CLOSE_DELAY_MILLIS = 500;

  /** Longest time that a stream keeps rights and limits which its caller has no longer. */
  private static final long RECHECK_MILLIS = 1_000;

  private static final char LINE_END = '\n';
  private static final int LINE_BYTES = 512; // of a prediction, or a little more
  private static final CharSequence NDJSON = HttpHeaders.createOptimized(RouteContract.NDJSON);

  private final Vertx vertx;
  private final Supplier<ServiceConfig> config;
  private final PredictionService service;
  private final ParsingPool pool;
  private final AdmissionControl admission;
  private final ByteBudget budget;
  private final ServiceMetrics metrics;
  private final RequestTimeout<HttpServerRequest> lineTimeout;
  private final Slots streams;
  private final CallerPincodes pincodes;
  private final Guard guard;
  private final Set<Session> sessions = new HashSet<>();
  private boolean stopping;

  /**
   * @param lineTimeout disconnects callers that send a line too slowly
   * @param streams counts the streams of all event loops
   * @param guard has admitted the callers
   */
  NdjsonStream(
      Vertx vertx,
      Supplier<ServiceConfig> config,
      PredictionService service,
      ParsingPool pool,
      AdmissionControl admission,
      ByteBudget budget,
      ServiceMetrics metrics,
      RequestTimeout<HttpServerRequest> lineTimeout,
      Slots streams,
      CallerPincodes pincodes,
      Guard guard) {
    this.vertx = vertx;
    this.config = config;
    this.service = service;
    this.pool = pool;
    this.admission = admission;
    this.budget = budget;
    this.metrics = metrics;
    this.lineTimeout = lineTimeout;
    this.streams = streams;
    this.pincodes = pincodes;
    this.guard = guard;
  }

  void handle(RoutingContext ctx) {
    if (stopping) throw stoppingFailure();
    int most = config.get().http().maxStreams();
    if (streams.used() >= most) throw full(most);
    Exchange.of(ctx).deadline(timeout()); // validates the header
    boolean expects = BodyReceiver.expectsContinue(ctx.request());
    budget.reserve(STREAM_BYTES);
    if (!streams.tryAcquire(most)) { // another event loop has taken the last
      budget.release(STREAM_BYTES);
      throw full(most);
    }
    if (expects) ctx.response().writeContinue();
    new Session(ctx).begin();
  }

  private ServiceException full(int most) {
    metrics.shed(Shed.STREAMS);
    return Failure.OVERLOADED.because(
        most + " streams are open, as many as http.max_streams; try again in a moment");
  }

  /** Accepts no more lines; finishes those in flight and ends each stream with a failure line. */
  void stop() {
    stopping = true;
    List.copyOf(sessions).forEach(Session::stop);
  }

  private Duration timeout() {
    return config.get().prediction().timeout();
  }

  private static ServiceException stoppingFailure() {
    return Failure.NOT_READY.because(
        "The service is stopping; send this line and those after it again, elsewhere or later");
  }

  /** Lines served together. */
  private static final class Chunk {
    final List<Line> lines;
    List<Item> items = List.of(); // empty until served

    Chunk(List<Line> lines) {
      this.lines = lines;
    }
  }

  /**
   * The end of what is served of a stream.
   *
   * @param from first line that is not served
   */
  private record Rejection(long from, ServiceException why) {}

  /** One stream. */
  private final class Session {
    private final RoutingContext ctx;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Queue<Line> waiting = new ArrayDeque<>();
    private final Queue<Chunk> inFlight = new ArrayDeque<>();
    private final NdjsonSplitter splitter = new NdjsonSplitter(this::enqueue);
    private final Context streamContext = vertx.getOrCreateContext();
    private final Runnable admitted = this::onAdmission;
    private final long rechecks; // timer
    private CallerLimits limits;
    private boolean checking;
    private int waitingBytes;
    private boolean paused;
    private boolean timing;
    private boolean admissionAwaited;
    private boolean limitsAwaited;
    private final @Nullable GzipDecoder decoder; // with gzip
    private boolean decodeScheduled;
    private boolean received; // the whole request, possibly not yet decoded
    private boolean complete; // no more lines will be accepted
    private boolean advancing;
    private boolean ended;
    private @Nullable Rejection rejection;

    Session(RoutingContext ctx) {
      this.ctx = ctx;
      request = ctx.request();
      limits = Exchange.of(ctx).limits();
      response = ctx.response();
      decoder = RouteContract.gzipped(request) ? new GzipDecoder() : null;
      rechecks = vertx.setPeriodic(RECHECK_MILLIS, due -> recheck());
    }

    void begin() {
      sessions.add(this);
      admission.enter();
      ctx.addEndHandler(ended -> finish());
      ResponseFraming.begin(ctx, NDJSON);
      response.drainHandler(drained -> advance());
      request
          .exceptionHandler(broken -> request.connection().close()) // the request is incomplete
          .endHandler(end -> received())
          .handler(this::read);
    }

    /** Rejects waiting lines and finishes those in flight. */
    void stop() {
      reject(stoppingFailure());
    }

    private void reject(ServiceException why) {
      if (complete && waiting.isEmpty()) return;
      long first = waiting.isEmpty() ? splitter.lines() + 1 : waiting.peek().number();
      waiting.clear();
      rejectFrom(first, why);
      advance();
    }

    /**
     * Takes the limits over that the caller has now, or ends the stream if it has lost its role.
     */
    private void recheck() {
      if (checking) return;
      checking = true;
      guard
          .authorize(request, Role.PREDICT)
          .onComplete(
              (caller, refusal) -> {
                checking = false;
                if (ended) return;
                if (refusal == null) {
                  Exchange.of(ctx).caller(caller);
                  limits = caller.limits();
                  advance();
                } else if (Failure.of(refusal) != Failure.NOT_READY) { // keys of an issuer
                  reject(Problem.toServiceException(refusal));
                }
              });
    }

    /** Serves no line from {@code first} on. */
    private void rejectFrom(long first, ServiceException why) {
      rejection = new Rejection(first, why);
      complete = true;
      setTimed(false);
      if (!request.isEnded()) request.handler(unread -> {}).endHandler(end -> {}).resume();
    }

    private void read(Buffer chunk) {
      if (decoder == null) add(chunk);
      else decoder.feed(chunk.getBytes());
      advance();
    }

    private void add(Buffer decoded) {
      long before = splitter.lines();
      splitter.add(decoded);
      if (splitter.lines() > before) setTimed(false); // progress
    }

    private void received() {
      received = true;
      advance();
    }

    /** Decodes received bytes while the backlog has room. */
    private void decode(GzipDecoder gzip) {
      int decoded = 0;
      try {
        while (!complete && !backlogFull() && gzip.pending()) {
          if (decoded >= DECODE_SLICE) {
            scheduleDecode();
            return;
          }
          var piece = gzip.next();
          if (piece == null) break;
          decoded += piece.length();
          add(piece);
        }
        if (received && !complete && !gzip.pending()) gzip.end();
      } catch (ServiceException e) {
        rejectFrom(splitter.lines() + 1, e);
      }
    }

    private void scheduleDecode() {
      if (decodeScheduled) return;
      decodeScheduled = true;
      streamContext.runOnContext(
          turn -> {
            decodeScheduled = false;
            advance();
          });
    }

    private boolean backlogFull() {
      return waiting.size() >= MAX_WAITING || waitingBytes >= MAX_WAITING_BYTES;
    }

    private boolean decodePending() {
      return decoder != null && decoder.pending();
    }

    private void advance() {
      if (ended || advancing) return; // a chunk served synchronously re-enters
      advancing = true;
      while (true) {
        collect();
        boolean room = inFlight.size() < MAX_CHUNKS && !response.writeQueueFull();
        if (waiting.isEmpty() || !room) break;
        int count = admission.admitSome(Math.min(CHUNK_LINES, waiting.size()));
        if (count == 0) {
          awaitAdmission();
          break;
        }
        int allowed = limits.admitSome(count);
        if (allowed < count) admission.release(count - allowed);
        if (allowed == 0) {
          awaitLimits();
          break;
        }
        serve(allowed);
      }
      advancing = false;
      if (!complete) adjustReading();
      else if (waiting.isEmpty() && inFlight.isEmpty()) end();
    }

    /** Decodes into the backlog and detects the end of the request. */
    private void collect() {
      if (decoder != null && !decodeScheduled) decode(decoder);
      if (complete || !received || decodePending()) return;
      splitter.end();
      complete = true;
    }

    private void enqueue(Line line) {
      waiting.add(line);
      waitingBytes += line.length();
    }

    private void awaitAdmission() {
      if (admissionAwaited) return;
      admissionAwaited = true;
      admission.whenRoom(streamContext, admitted);
    }

    private void awaitLimits() {
      if (limitsAwaited) return;
      limitsAwaited = true;
      vertx.setTimer(
          limits.waitMillis(),
          waited -> {
            limitsAwaited = false;
            advance();
          });
    }

    private void onAdmission() {
      admissionAwaited = false;
      advance();
    }

    private void adjustReading() {
      boolean backlogFull = backlogFull() || decodePending();
      if (backlogFull != paused) {
        paused = backlogFull;
        if (backlogFull) request.pause();
        else request.resume();
      }
      setTimed(splitter.hasPartialLine() && !paused);
    }

    /** Times a partial line, except while reading is paused. */
    private void setTimed(boolean on) {
      if (on == timing) return;
      timing = on;
      if (on) lineTimeout.start(request);
      else lineTimeout.cancel(request);
    }

    private void serve(int count) {
      var lines = new ArrayList<Line>(count);
      for (int i = 0; i < count; i++) {
        lines.add(waiting.remove());
        waitingBytes -= lines.get(i).length();
      }
      var chunk = new Chunk(lines);
      inFlight.add(chunk);
      var exchange = Exchange.of(ctx);
      var deadline = exchange.deadline(System.nanoTime(), timeout());
      var caller = pincodes.of(exchange.caller());
      var admittedBy = limits;
      pool.parseInTurn(
              costly(lines),
              () -> service.lines(lines.stream().map(Line::content).toList(), caller))
          .compose(many -> service.predictLines(many, deadline, exchange.requestId()).map(many))
          .onComplete(
              result -> {
                chunk.items = items(lines, result, exchange.requestId());
                addFailures(chunk.items);
                admission.release(count);
                admittedBy.release(count);
                writeServed();
              });
    }

    /** Whether parsing {@code lines} would block the event loop. */
    private static boolean costly(List<Line> lines) {
      if (lines.size() > INLINE_LINES) return true;
      int cost = 0;
      for (var line : lines) {
        if (line.content() != null) cost += ParseCost.of(line.content());
      }
      return cost > ParseCost.SMALL;
    }

    /** The served items, or one failure per line if the whole chunk failed. */
    private List<Item> items(List<Line> lines, AsyncResult<Shipments> result, String requestId) {
      if (result.succeeded()) return result.result().items();
      var failure = Problem.logged(result.cause(), requestId, "lines of a stream");
      return lines.stream().map(line -> failed(failure)).toList();
    }

    private Item failed(ServiceException failure) {
      metrics.failed(failure.failure());
      return Item.failed(failure);
    }

    private void addFailures(List<Item> items) {
      var exchange = Exchange.of(ctx);
      new FailedRequests(metrics.failures())
          .addItems(items, exchange.requestId(), exchange.route(), exchange.caller());
    }

    /** Writes served chunks in order, up to the first one in flight. */
    private void writeServed() {
      if (ended) return;
      var output = new JsonBytes(LINE_BYTES * CHUNK_LINES);
      while (!inFlight.isEmpty() && !inFlight.peek().items.isEmpty()) {
        var chunk = inFlight.remove();
        for (int i = 0; i < chunk.items.size(); i++) {
          chunk.items.get(i).write(output, chunk.lines.get(i).number());
          output.raw(LINE_END);
        }
      }
      if (output.length() > 0) response.write(Exchange.buffer(output));
      advance();
    }

    private void end() {
      if (response.ended()) return;
      if (rejection == null) {
        response.end();
        return;
      }
      var last = new JsonBytes(LINE_BYTES);
      var rejected = failed(rejection.why());
      addFailures(List.of(rejected));
      rejected.write(last, rejection.from());
      response.end(Exchange.buffer(last.raw(LINE_END)));
      // An immediate close with unread input would reset the connection and lose the response.
      vertx.setTimer(CLOSE_DELAY_MILLIS, waited -> request.connection().close());
    }

    /** Releases resources after the response or a disconnect. */
    private void finish() {
      if (ended) return;
      ended = true;
      waiting.clear();
      if (decoder != null) decoder.close();
      admission.withdraw(admitted);
      setTimed(false);
      vertx.cancelTimer(rechecks);
      sessions.remove(this);
      streams.release();
      budget.release(STREAM_BYTES);
      admission.leave();
    }
  }
}
