package com.cpprediction.persistence;

import com.cpprediction.bus.Bus;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Journals predictions on a thread of its own, where a slow disk delays nothing else, unless event
 * loops append them {@linkplain JournalAppender#atOnce themselves}: consumes {@link Bus#RECORD}
 * when {@code persistence.ack} is {@code journal}. A child of {@link PersistenceVerticle}, and so
 * undeployed before it: closes the journal once the queue is drained.
 */
final class JournalVerticle extends VerticleBase {
  static final DeploymentOptions OPTIONS =
      new DeploymentOptions()
          .setThreadingModel(ThreadingModel.WORKER)
          .setWorkerPoolName("cp-journal")
          .setWorkerPoolSize(1);

  private final Supplier<JournalAppender> open;
  private final Function<JournalAppender, Future<?>> listen;
  private final Supplier<Future<?>> drain;
  private @Nullable JournalAppender appender;

  /**
   * @param open locks the journal; may block
   * @param listen registers the consumers of this context
   * @param drain stops recording, and completes once queued rows are stored or the grace is over
   */
  JournalVerticle(
      Supplier<JournalAppender> open,
      Function<JournalAppender, Future<?>> listen,
      Supplier<Future<?>> drain) {
    this.open = open;
    this.listen = listen;
    this.drain = drain;
  }

  @Override
  public Future<?> start() {
    var locked = open.get();
    appender = locked;
    return locked.start().compose(opened -> listen.apply(locked));
  }

  @Override
  public Future<?> stop() {
    var locked = Objects.requireNonNull(appender, "not started");
    return drain.get().eventually(locked::close);
  }
}
