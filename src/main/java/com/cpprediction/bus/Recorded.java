package com.cpprediction.bus;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The result of a {@link RecordRequest}: its predictions are kept as {@code persistence.ack}
 * promises, except those listed here.
 *
 * @param failure {@link Failure#OVERLOADED} or {@link Failure#NOT_READY} when no prediction was
 *     kept, {@link Failure#DEADLINE_EXCEEDED} when that is unknown
 * @param refused ids of rows rejected by PostgreSQL
 * @param taken ids that belong to another shipment
 */
public record Recorded(@Nullable ServiceException failure, List<UUID> refused, List<UUID> taken) {
  /** All predictions are kept. */
  public static final Recorded ALL = new Recorded(null, List.of(), List.of());

  public Recorded {
    refused = List.copyOf(refused);
    taken = List.copyOf(taken);
  }

  public static Recorded failed(ServiceException failure) {
    return new Recorded(failure, List.of(), List.of());
  }

  /** Adds ids that belong to another shipment. */
  public Recorded and(List<UUID> others) {
    if (others.isEmpty()) return this;
    return new Recorded(failure, refused, Stream.concat(taken.stream(), others.stream()).toList());
  }
}
