package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.PredictionIds;
import java.util.ArrayList;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RecentIdsTest {
  private final RecentIds ids = new RecentIds();

  @Test
  void keepsTheFirstDigestOfAnId() {
    var id = PredictionIds.next();

    assertThat(ids.claim(id, 1)).isTrue();
    assertThat(ids.claim(id, 1)).isTrue();
    assertThat(ids.claim(id, 2)).isFalse();
    assertThat(ids.claim(id, 1)).isTrue();
    assertThat(ids.claim(PredictionIds.next(), 2)).isTrue();
  }

  @Test
  void knowsTheLatestIdsAfterManyOthers() {
    var all = new ArrayList<UUID>();
    for (int i = 0; i < 3 * RecentIds.CAPACITY; i++) {
      all.add(PredictionIds.next());
      assertThat(ids.claim(all.get(i), i)).isTrue();
    }

    var latest = all.subList(all.size() - RecentIds.CAPACITY / 4, all.size());
    long known = latest.stream().filter(id -> !ids.claim(id, -1)).count();

    assertThat(known).isGreaterThan(latest.size() * 99L / 100);
  }
}
