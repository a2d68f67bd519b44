package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoryTest {
  private static final long GIGABYTE = 1 << 30;

  @Test
  void refusesAPrefixThatExceedsTheMemoryAndNamesTheRemedy() {
    var memory = new Memory(2 * GIGABYTE);

    assertThatThrownBy(() -> memory.check(rows(8000)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "prefix 400 has 8000 rows and needs about 2 GB; give Java more memory with -Xmx4g or"
                + " lower --max-rows");
    new Memory(4 * GIGABYTE).check(rows(8000));
  }

  @Test
  void trainingChecksEveryPrefixBeforeItBegins() {
    var steps = new AtomicInteger();
    var trainer =
        new Trainer(OfficeDirectory.EMPTY, 1, 1, new Memory(1 << 20), steps::incrementAndGet);
    var row = new LabelledRow("Gol Gujral", "180002", "CP1");
    var grouped = new PrefixRows.Grouped(row, "gol gujral", 0);

    assertThatThrownBy(() -> trainer.learn(Map.of("180", List.of(grouped))))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("prefix 180 has 1 rows and needs about 1 GB");
    assertThat(steps).hasValue(0);
  }

  @Test
  void limitsConcurrentPrefixesToTheMemory() throws Exception {
    var memory = new Memory(GIGABYTE); // 614 MB, of which each takes 306
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    var two = new CyclicBarrier(2); // passed only when two run at once
    var pool = Executors.newFixedThreadPool(4);
    var tasks = new ArrayList<Callable<Integer>>();
    for (int i = 0; i < 8; i++) {
      tasks.add(
          () ->
              memory.with(
                  rows(3160),
                  () -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    await(two);
                    return running.decrementAndGet();
                  }));
    }

    for (var done : pool.invokeAll(tasks, 30, TimeUnit.SECONDS)) done.get();

    pool.shutdownNow();
    assertThat(most).hasValue(2);
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static PrefixRows rows(int count) {
    var rows = Collections.nCopies(count, new PrefixRows.Row("x", 400001, 0, 0));
    var cp = new int[] {0};
    return new PrefixRows(
        "400", List.of("CP1"), cp, rows, List.of(), List.of(), cp, new int[] {0, 0});
  }
}
