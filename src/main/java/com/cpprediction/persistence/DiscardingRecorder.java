package com.cpprediction.persistence;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.bus.Recorded;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import java.util.ArrayList;
import java.util.Collections;

/**
 * Consumes {@link Bus#RECORD} in place of {@link PersistenceVerticle}: encodes rows for the journal
 * and for PostgreSQL, and discards them. For the warm-up before a service is ready.
 */
public final class DiscardingRecorder extends VerticleBase {
  @Override
  public Future<?> start() {
    return vertx.eventBus().localConsumer(Bus.RECORD, DiscardingRecorder::record).completion();
  }

  private static void record(Message<RecordBatch> message) {
    var requests = message.body().requests();
    var rows = new ArrayList<PredictionRow>();
    for (var request : requests) {
      for (var prediction : request.predictions()) rows.add(PredictionRow.of(prediction));
    }
    RowFormat.write(rows);
    PredictionTable.parameters(rows);
    message.reply(new RecordReply(Collections.nCopies(requests.size(), Recorded.ALL)));
  }
}
