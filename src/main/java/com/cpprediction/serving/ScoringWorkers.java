package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreBatch;
import com.cpprediction.bus.ScoreReplies;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.prediction.Deadline;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deals messages to this node's scoring workers: each goes to an idle worker, and waits here while
 * there is none. Requests for a single address share messages and don't wait behind bulk: bulk
 * comes in chunks, takes all workers but one at most, and its callers take turns. Neither starves:
 * while both wait, each gets every other address.
 *
 * <p>The limit on shipments in flight bounds the queue. Thread-safe: shared by the event loops of
 * the node, which take its lock once per pass.
 */
public final class ScoringWorkers {
  private static final Logger log = LoggerFactory.getLogger(ScoringWorkers.class);

  /** Addresses in a message at most; scoring them takes some milliseconds. */
  public static final int CHUNK = 32;

  /** Addresses that one worker scores rather than waking another one. */
  private static final int FEW = 4;

  /** How often a worker that timed out is asked whether it has finished. */
  private static final Duration PROBE = Duration.ofSeconds(30);

  /** Sends requests to a worker. */
  @FunctionalInterface
  interface Sender {
    /**
     * @param end time limit of all of them
     * @return once the worker has finished: one for each request, in order, all complete
     */
    Future<List<Future<ScoreReply>>> send(int worker, List<ScoreRequest> requests, Deadline end);
  }

  private final Vertx vertx;
  private final Sender sender;
  private final int processors;
  private final int mostBulky;

  // Guarded by this:
  private final int[] load; // messages in flight, by worker
  private final BitSet bulky = new BitSet(); // workers that have a chunk
  private final BitSet stuck = new BitSet(); // workers that timed out, and have no chunk
  private final Queue<Lane> bulk = new ArrayDeque<>(); // that have work, in turn
  private final Lane singles = new Lane();
  private int servedSingly; // since the last chunk was sent
  private boolean dealing; // by some thread

  /** The queued requests of one bulk request, or of all requests for a single address. */
  static final class Lane {
    private final Queue<Task> tasks = new ArrayDeque<>();
    private int addresses; // of the tasks

    private void add(Collection<Task> more) {
      for (var task : more) {
        tasks.add(task);
        addresses += task.addresses();
      }
    }

    private boolean isEmpty() {
      return tasks.isEmpty();
    }

    private Task head() {
      return tasks.element();
    }

    private Task remove() {
      var task = tasks.remove();
      addresses -= task.addresses();
      return task;
    }
  }

  /** A request to score, which completes on the event loop that made it. */
  static final class Task {
    private final ScoreRequest request;
    private final Deadline end;
    private final boolean alone;
    private final Promise<ScoreReply> result = Promise.promise();
    private final @Nullable Context context = Vertx.currentContext();
    private final Thread thread = Thread.currentThread();

    /** One that may share its message. */
    Task(ScoreRequest request, Deadline end) {
      this(request, end, false);
    }

    /**
     * @param end time limit of the worker's reply
     * @param alone whether to send it in a message of its own, so that it delays no other one
     */
    Task(ScoreRequest request, Deadline end, boolean alone) {
      this.request = request;
      this.end = end;
      this.alone = alone;
    }

    Future<ScoreReply> future() {
      return result.future();
    }

    ScoreRequest request() {
      return request;
    }

    private int addresses() {
      return request.addresses().size();
    }

    private boolean late() {
      return request.deadline().latest().over();
    }

    /** A failure of a listener is logged: others wait for the caller of this. */
    void complete(Future<ScoreReply> reply) {
      if (context != null && Thread.currentThread() != thread) {
        context.runOnContext(there -> reply.onComplete(result));
        return;
      }
      try {
        reply.onComplete(result);
      } catch (RuntimeException | Error e) {
        log.error("Cannot deliver scores of prefix {}", request.prefix(), e);
      }
    }
  }

  private record Message(int worker, List<Task> tasks, boolean chunk) {}

  /**
   * @param workers of this node
   * @param processors that run them: with more chunks at a time bulk would gain nothing
   */
  public ScoringWorkers(Vertx vertx, int workers, int processors) {
    this(
        vertx,
        workers,
        processors,
        (worker, requests, end) ->
            Bus.<ScoreReplies>ask(vertx, Bus.score(worker), new ScoreBatch(requests), end)
                .map(ScoreReplies::replies));
  }

  ScoringWorkers(Vertx vertx, int workers, int processors, Sender sender) {
    this.vertx = vertx;
    this.sender = sender;
    this.processors = processors;
    load = new int[workers];
    mostBulky = Math.max(1, Math.min(workers - 1, processors));
  }

  /** The lane of all requests for one address, or one of its own for a request for more. */
  Lane lane(int addresses) {
    return addresses == 1 ? singles : new Lane();
  }

  /** Whether {@code lane} is that of requests for one address. */
  boolean isSingle(Lane lane) {
    return lane == singles;
  }

  /** Has {@code tasks} scored, at least one; those of a lane share messages. */
  void submit(Lane lane, Collection<Task> tasks) {
    synchronized (this) {
      if (lane != singles && lane.isEmpty()) bulk.add(lane);
      lane.add(tasks);
    }
    deal();
  }

  /** Single addresses that wait for a worker. */
  synchronized int waiting() {
    return singles.tasks.size();
  }

  /** One thread deals at a time; tasks that come meanwhile, it deals too. */
  private void deal() {
    var messages = new ArrayList<Message>();
    var late = new ArrayList<Task>();
    synchronized (this) {
      if (dealing) return;
      dealing = true;
    }
    while (true) {
      synchronized (this) {
        while (dealOne(messages, late)) {}
        if (messages.isEmpty() && late.isEmpty()) {
          dealing = false;
          return;
        }
      }
      late.forEach(task -> task.complete(Future.failedFuture(Deadline.exceeded())));
      messages.forEach(this::send);
      late.clear();
      messages.clear();
    }
  }

  /** Deals a message, or takes a late task; returns whether there may be more to deal. */
  private boolean dealOne(List<Message> messages, List<Task> late) {
    int idle = worker(0);
    boolean chunk = !bulk.isEmpty() && bulky.cardinality() < mostBulky;
    boolean single = !singles.isEmpty();
    if (chunk && (!single || servedSingly >= CHUNK)) { // its turn; worth waiting for a worker
      if (idle < 0) return dropLate(late);
      chunk(idle, messages, late);
      return true;
    }
    int ahead = worker(1); // it need not wait for its next message then
    // An idle worker gains nothing while others keep the processors busy.
    int worker = idle >= 0 && (busy() < processors || ahead < 0) ? idle : ahead;
    if (!single || worker < 0) return dropLate(late);
    singles(worker, messages, late);
    return true;
  }

  /**
   * Of the addresses left in a lane, the share of one of the workers that bulk may have: shares
   * shrink, so that workers that begin at different times finish together.
   */
  private void chunk(int worker, List<Message> messages, List<Task> late) {
    var lane = bulk.remove();
    var tasks = take(lane, share(lane, mostBulky), late);
    if (!lane.isEmpty()) bulk.add(lane);
    if (tasks.isEmpty()) return;
    servedSingly = 0;
    load[worker]++;
    bulky.set(worker);
    messages.add(new Message(worker, tasks, true));
  }

  /** An even share for each worker that may run beside, so that all finish at the same time. */
  private void singles(int worker, List<Message> messages, List<Task> late) {
    var tasks = take(singles, share(singles, Math.min(processors - busy(), idle())), late);
    if (tasks.isEmpty()) return;
    servedSingly += tasks.size();
    load[worker]++;
    messages.add(new Message(worker, tasks, false));
  }

  private static int share(Lane lane, int workers) {
    int shares = Math.max(1, workers);
    return Math.min(CHUNK, Math.max(FEW, (lane.addresses + shares - 1) / shares));
  }

  /** Takes tasks for one message: of at most {@code addresses}, or a single task. */
  private static List<Task> take(Lane lane, int addresses, List<Task> late) {
    var tasks = new ArrayList<Task>(Math.min(addresses, lane.tasks.size()));
    int left = addresses;
    while (!lane.isEmpty()) {
      if (!tasks.isEmpty() && (lane.head().alone || lane.head().addresses() > left)) break;
      var task = lane.remove();
      if (task.late()) {
        late.add(task);
        continue;
      }
      tasks.add(task);
      if (task.alone) break;
      left -= task.addresses();
    }
    return tasks;
  }

  /**
   * Takes the tasks at the head of each lane whose deadline is over: while all workers stall, their
   * callers give up and others are admitted. Returns false.
   */
  private boolean dropLate(List<Task> late) {
    dropLate(singles, late);
    for (var lane : bulk) dropLate(lane, late);
    bulk.removeIf(Lane::isEmpty);
    return false;
  }

  private static void dropLate(Lane lane, List<Task> late) {
    while (!lane.isEmpty() && lane.head().late()) late.add(lane.remove());
  }

  /** A worker with {@code messages} in flight, none of them a chunk; -1: none. */
  private int worker(int messages) {
    for (int i = 0; i < load.length; i++) {
      if (load[i] == messages && !bulky.get(i) && !stuck.get(i)) return i;
    }
    return -1;
  }

  private int idle() {
    int count = 0;
    for (int messages : load) if (messages == 0) count++;
    return count;
  }

  /** Workers that score single addresses now. */
  private int busy() {
    return load.length - idle() - bulky.cardinality() - stuck.cardinality();
  }

  private void send(Message message) {
    var tasks = message.tasks();
    var requests = new ArrayList<ScoreRequest>(tasks.size());
    var end = tasks.get(0).end;
    for (var task : tasks) {
      requests.add(task.request);
      end = end.latest(task.end);
    }
    Future<List<Future<ScoreReply>>> sent;
    try {
      sent = sender.send(message.worker(), requests, end);
    } catch (RuntimeException | Error e) { // else the worker would stay busy
      sent = Future.failedFuture(e);
    }
    sent.onComplete(
        done -> {
          if (timedOut(done.cause())) probe(message);
          else finished(message);
          for (int i = 0; i < tasks.size(); i++) {
            tasks
                .get(i)
                .complete(
                    done.succeeded() ? done.result().get(i) : Future.failedFuture(done.cause()));
          }
        });
  }

  private void finished(Message message) {
    synchronized (this) {
      load[message.worker()]--;
      (message.chunk() ? bulky : stuck).clear(message.worker());
    }
    deal();
  }

  /**
   * A worker that timed out is still scoring: it gets no message until it says that it has
   * finished.
   */
  private void probe(Message message) {
    if (!message.chunk()) {
      synchronized (this) {
        stuck.set(message.worker());
      }
    }
    vertx
        .eventBus()
        .request(
            Bus.score(message.worker()),
            null,
            new DeliveryOptions().setLocalOnly(true).setSendTimeout(PROBE.toMillis()))
        .onComplete(
            done -> {
              if (timedOut(done.cause())) probe(message);
              else finished(message);
            });
  }

  private static boolean timedOut(@Nullable Throwable cause) {
    return cause instanceof ReplyException e && e.failureType() == ReplyFailure.TIMEOUT;
  }
}
