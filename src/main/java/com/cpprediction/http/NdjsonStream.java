package com.cpprediction.http;

import com.cpprediction.config.ServiceConfig;
import com.cpprediction.http.NdjsonSplitter.Line;
import com.cpprediction.json.ParseCost;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.Item;
import com.cpprediction.serving.ParsingPool;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.PredictionService.Many;
import com.cpprediction.serving.Problem;
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

/**
 * {@code POST /predict/stream}: a shipment on each line in, its answer on a line out, in order and
 * of any number. Lines that are there are answered together, one that comes alone is at once. Reads
 * no further while much is unanswered, or answers are not read. Confined to one event loop.
 */
final class NdjsonStream {
  /** Lines answered together at most. */
  private static final int TOGETHER = 64;

  /** So many times that may be under way, for the threads that score to have enough to do. */
  private static final int UNDER_WAY = 4;

  /** Lines that have come and wait for their turn, beyond which no more is read. */
  private static final int WAITING = 2 * TOGETHER;

  /** The same, in bytes. */
  private static final int WAITING_BYTES = 128 * 1024;

  private static final int FEW = 16; // lines that are read at once unless they are costly

  /**
   * Bytes decoded before others have their turn: a small chunk may hold a thousand times itself.
   */
  private static final int DECODED_AT_ONCE = 256 * 1024;

  /**
   * Bytes that a stream counts: lines that wait and answers that are not read, 0.6 MB on the heap
   * and 0.4 MB beside it, measured with callers that read nothing on 2026-11-28.
   */
  private static final int STREAM_BYTES = 1024 * 1024;

  private static final long LINGER_MILLIS = 500;
  private static final Buffer LINE_END = Buffer.buffer("\n");
  private static final CharSequence NDJSON = HttpHeaders.createOptimized(RouteContract.NDJSON);

  private final Vertx vertx;
  private final Supplier<ServiceConfig> config;
  private final PredictionService predictions;
  private final ParsingPool pool;
  private final AdmissionControl inFlight;
  private final ByteBudget budget;
  private final ServiceMetrics metrics;
  private final RequestTimeout<RoutingContext> slow;
  private final Set<Run> running = new HashSet<>();
  private boolean stopping;

  /**
   * @param slow ends who takes too long to send a line
   */
  NdjsonStream(
      Vertx vertx,
      Supplier<ServiceConfig> config,
      PredictionService predictions,
      ParsingPool pool,
      AdmissionControl inFlight,
      ByteBudget budget,
      ServiceMetrics metrics,
      RequestTimeout<RoutingContext> slow) {
    this.vertx = vertx;
    this.config = config;
    this.predictions = predictions;
    this.pool = pool;
    this.inFlight = inFlight;
    this.budget = budget;
    this.metrics = metrics;
    this.slow = slow;
  }

  void handle(RoutingContext ctx) {
    if (stopping) throw stopped();
    var http = config.get().http();
    if (running.size() >= http.maxStreams()) {
      metrics.shed(Shed.STREAMS);
      throw Failure.OVERLOADED.because(
          "%d streams are open, as many as http.max_streams; try again in a moment"
              .formatted(http.maxStreams()));
    }
    Exchange.of(ctx).deadline(timeout()); // refuses what is none
    boolean expects = BodyReceiver.expectsContinue(ctx.request());
    budget.reserve(STREAM_BYTES);
    if (expects) ctx.response().writeContinue();
    new Run(ctx).begin();
  }

  /** Takes no more lines; answers those it took, and says with a last line that it stopped. */
  void stop() {
    stopping = true;
    List.copyOf(running).forEach(Run::stop);
  }

  private Duration timeout() {
    return config.get().prediction().timeout();
  }

  private static ServiceException stopped() {
    return Failure.NOT_READY.because(
        "The service is stopping; send this line and those after it again, elsewhere or later");
  }

  /** Lines that are answered together. */
  private static final class Together {
    final List<Line> lines;
    List<Item> items; // null until they are answered

    Together(List<Line> lines) {
      this.lines = lines;
    }
  }

  /** One stream. */
  private final class Run {
    private final RoutingContext ctx;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Queue<Line> waiting = new ArrayDeque<>();
    private final Queue<Together> underWay = new ArrayDeque<>();
    private final NdjsonSplitter splitter = new NdjsonSplitter(this::await);
    private final Context own = vertx.getOrCreateContext();
    private final Runnable resume = this::haveRoom;
    private int waitingBytes;
    private boolean paused;
    private boolean timed;
    private boolean roomAwaited;
    private final GzipDecoder decoder; // null when lines come as they are
    private boolean decodeLater;
    private boolean received; // all there is, though some may be still to be decoded
    private boolean complete; // no more is taken
    private boolean going;
    private boolean over;
    private long cutOff; // the first line that isn't read any more; 0 for none
    private ServiceException cutOffBy;

    Run(RoutingContext ctx) {
      this.ctx = ctx;
      request = ctx.request();
      response = ctx.response();
      decoder = RouteContract.gzipped(request) ? new GzipDecoder() : null;
    }

    void begin() {
      running.add(this);
      inFlight.enter();
      ctx.addEndHandler(end -> over());
      ResponseFraming.begin(ctx, NDJSON);
      response.drainHandler(drained -> goOn());
      request
          .exceptionHandler(broken -> request.connection().close()) // no more can come
          .endHandler(end -> received())
          .handler(this::read);
    }

    /** Answers what is under way. */
    void stop() {
      if (complete && waiting.isEmpty()) return;
      long first = waiting.isEmpty() ? splitter.lines() + 1 : waiting.peek().number();
      waiting.clear();
      cutOff(first, stopped());
      goOn();
    }

    /** Takes no line from {@code first} on. */
    private void cutOff(long first, ServiceException why) {
      cutOff = first;
      cutOffBy = why;
      complete = true;
      time(false);
      if (!request.isEnded()) request.handler(unread -> {}).endHandler(end -> {}).resume();
    }

    private void read(Buffer chunk) {
      if (decoder == null) add(chunk);
      else decoder.feed(chunk.getBytes());
      goOn();
    }

    private void add(Buffer decoded) {
      long before = splitter.lines();
      splitter.add(decoded);
      if (splitter.lines() > before) time(false); // progress
    }

    private void received() {
      received = true;
      goOn();
    }

    /** Decodes what has come, as far as there is room for its lines. */
    private void decode() {
      int decoded = 0;
      try {
        while (!complete && !enough() && decoder.pending()) {
          if (decoded >= DECODED_AT_ONCE) {
            decodeLater();
            return;
          }
          var piece = decoder.next();
          if (piece == null) break;
          decoded += piece.length();
          add(piece);
        }
        if (received && !complete && !decoder.pending()) decoder.end();
      } catch (ServiceException e) {
        cutOff(splitter.lines() + 1, e);
      }
    }

    private void decodeLater() {
      if (decodeLater) return;
      decodeLater = true;
      own.runOnContext(
          turn -> {
            decodeLater = false;
            goOn();
          });
    }

    private boolean enough() {
      return waiting.size() >= WAITING || waitingBytes >= WAITING_BYTES;
    }

    /** Whether some of what was read is no line yet. */
    private boolean decoding() {
      return decoder != null && decoder.pending();
    }

    private void goOn() {
      if (over || going) return; // what is answered at once comes back here
      going = true;
      while (true) {
        take();
        boolean room = underWay.size() < UNDER_WAY && !response.writeQueueFull();
        if (waiting.isEmpty() || !room) break;
        int count = inFlight.admitSome(Math.min(TOGETHER, waiting.size()));
        if (count == 0) {
          awaitRoom();
          break;
        }
        ask(count);
      }
      going = false;
      if (!complete) readOn();
      else if (waiting.isEmpty() && underWay.isEmpty()) end();
    }

    /** Takes the lines that have come, and sees when there will be none any more. */
    private void take() {
      if (decoder != null && !decodeLater) decode();
      if (complete || !received || decoding()) return;
      splitter.end();
      complete = true;
    }

    private void await(Line line) {
      waiting.add(line);
      waitingBytes += line.length();
    }

    private void awaitRoom() {
      if (roomAwaited) return;
      roomAwaited = true;
      inFlight.whenRoom(own, resume);
    }

    private void haveRoom() {
      roomAwaited = false;
      goOn();
    }

    private void readOn() {
      boolean enough = enough() || decoding();
      if (enough != paused) {
        paused = enough;
        if (enough) request.pause();
        else request.resume();
      }
      time(splitter.hasPartialLine() && !paused);
    }

    /** A line has its time to come while it may. */
    private void time(boolean on) {
      if (on == timed) return;
      timed = on;
      if (on) slow.start(ctx);
      else slow.cancel(ctx);
    }

    private void ask(int count) {
      var taken = new ArrayList<Line>(count);
      for (int i = 0; i < count; i++) {
        taken.add(waiting.remove());
        waitingBytes -= taken.get(i).length();
      }
      var together = new Together(taken);
      underWay.add(together);
      var exchange = Exchange.of(ctx);
      var deadline = exchange.deadline(System.nanoTime(), timeout());
      pool.parseInTurn(
              big(taken), () -> predictions.lines(taken.stream().map(Line::content).toList()))
          .compose(many -> predictions.predictLines(many, deadline, exchange.requestId()).map(many))
          .onComplete(
              answered -> {
                together.items = items(taken, answered, exchange.requestId());
                inFlight.release(count);
                answer();
              });
    }

    /** Whether reading {@code taken} would keep the event loop. */
    private static boolean big(List<Line> taken) {
      if (taken.size() > FEW) return true;
      int cost = 0;
      for (var line : taken) {
        if (line.content() != null) cost += ParseCost.of(line.content());
      }
      return cost > ParseCost.SMALL;
    }

    /** What was answered; each line's failure where something unforeseen happened to all. */
    private List<Item> items(List<Line> taken, AsyncResult<Many> answered, String requestId) {
      if (answered.succeeded()) return answered.result().items();
      var failure = Problem.logged(answered.cause(), requestId, "lines of a stream");
      return taken.stream().map(line -> failed(failure)).toList();
    }

    private Item failed(ServiceException failure) {
      metrics.failed(failure.failure());
      return Item.failed(failure);
    }

    /** Writes what is answered as far as all before it is. */
    private void answer() {
      if (over) return;
      var answers = Buffer.buffer();
      while (!underWay.isEmpty() && underWay.peek().items != null) {
        var together = underWay.remove();
        for (int i = 0; i < together.items.size(); i++) {
          var item = together.items.get(i);
          answers
              .appendBuffer(item.json(together.lines.get(i).number()).toBuffer())
              .appendBuffer(LINE_END);
        }
      }
      if (answers.length() > 0) response.write(answers);
      goOn();
    }

    private void end() {
      if (response.ended()) return;
      if (cutOff == 0) {
        response.end();
        return;
      }
      var last = failed(cutOffBy).json(cutOff);
      response.end(last.toBuffer().appendBuffer(LINE_END));
      // Closed at once, with something unread, it would take the answers back.
      vertx.setTimer(LINGER_MILLIS, waited -> request.connection().close());
    }

    /** All is answered, or the caller has left. */
    private void over() {
      if (over) return;
      over = true;
      waiting.clear();
      if (decoder != null) decoder.close();
      inFlight.withdraw(resume);
      time(false);
      running.remove(this);
      budget.release(STREAM_BYTES);
      inFlight.leave();
    }
  }
}
