package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.PrefixIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VoteTrainerTest {
  private static final int CPS = 12;
  private static final int OTHERS = 5; // so few that no name is too common to be held

  /**
   * Addresses that name two CPs: the right one behind one word, another one behind another word.
   */
  private record World(PrefixIndex index, VoteQuestions questions, List<LabelledRow> asked) {
    static World of(String right, String wrong) {
      var random = new Random(6);
      var names = IntStream.range(0, CPS).mapToObj(cp -> name(random)).toList();
      var options = new PrefixCounts.Options(1, 0, 0, 1_000);
      var builder = new PrefixCounts.Builder("560", options);
      var asked = new ArrayList<LabelledRow>();
      for (int i = 0; i < 600; i++) {
        int cp = random.nextInt(CPS);
        int other = (cp + 1 + random.nextInt(OTHERS)) % CPS;
        var parts =
            List.of(
                "%s %s %s".formatted(right, name(random), names.get(cp)),
                "%s %s %s".formatted(wrong, name(random), names.get(other)));
        int first = random.nextInt(2);
        var text =
            "%s %s %s %s"
                .formatted(name(random), parts.get(first), name(random), parts.get(1 - first));
        var row = new LabelledRow(text, "560001", "CP%02d".formatted(cp));
        if (i < 300) builder.add(row, text);
        else asked.add(row);
      }
      var counts = builder.build(List.of());
      var rarity = new Rarity(List.of(counts.fingerprints()));
      var file = IndexBuilder.build(counts, OfficeDirectory.EMPTY, rarity).toBytes();
      var index = new PrefixIndex(ModelFile.of(file));
      return new World(index, VoteQuestions.of(index, counts.sample()), asked);
    }

    private static String name(Random random) {
      var name = new StringBuilder();
      for (int i = 0; i < 8; i++) name.append((char) ('a' + random.nextInt(26)));
      return name.toString();
    }

    /** Share of the new addresses of which the right CP alone is the highest in a column. */
    double right(GramVotes votes, String column) {
      int at = Features.NAMES.indexOf(column);
      var features = new Features();
      int right = 0;
      for (var row : asked) {
        features.read(index, votes, null, row.address());
        int best = 0;
        int ties = 0;
        for (int i = 0; i < features.contenders(); i++) {
          float value = features.values()[i * Features.COUNT + at];
          float most = features.values()[best * Features.COUNT + at];
          if (i > 0 && value == most) ties++;
          if (value <= most) continue;
          best = i;
          ties = 0;
        }
        if (ties == 0 && index.cpCode(features.cp(features.contender(best))).equals(row.cp()))
          right++;
      }
      return right / (double) asked.size();
    }
  }

  @ParameterizedTest(name = "the CP behind \"{0}\"")
  @ValueSource(strings = {"po near", "near po", "dist near", "po dist"})
  void learnsWhichNGramsDecide(String cues) {
    var cue = cues.split(" ");
    var world = World.of(cue[0], cue[1]);

    var votes = GramVotes.of(VoteTrainer.train(List.of(world.questions()), 1));

    assertThat(world.right(votes, "vote_words")).as("without cues").isBetween(0.2, 0.95);
    assertThat(world.right(votes, "learned")).isGreaterThan(0.97);
  }

  @Test
  void learnsTheSameFromTheSameQuestions() {
    var world = World.of("po", "near");
    var two = List.of(world.questions(), World.of("dist", "near").questions());

    assertThat(VoteTrainer.train(two, 1)).isEqualTo(VoteTrainer.train(two, 1));
    assertThat(VoteTrainer.train(two, 1)).isNotEqualTo(VoteTrainer.train(two, 2));
    assertThat(VoteTrainer.train(two, 1)).isNotEqualTo(VoteTrainer.train(two.subList(0, 1), 1));
  }

  @Test
  void learnsNothingWithoutQuestions() {
    var single = new PrefixCounts.Builder("560", new PrefixCounts.Options(1, 0, 0, 10));
    single.add(new LabelledRow("kadri temple road", "560001", "A"), "kadri temple road");
    var counts = single.build(List.of());
    var rarity = new Rarity(List.of(counts.fingerprints()));
    var file = IndexBuilder.build(counts, OfficeDirectory.EMPTY, rarity).toBytes();
    var none = VoteQuestions.of(new PrefixIndex(ModelFile.of(file)), counts.sample());

    assertThat(none.questions()).isZero();
    assertThat(VoteTrainer.train(List.of(), 1)).hasSize(GramVotes.WEIGHTS).containsOnly(0f);
    assertThat(VoteTrainer.train(List.of(none, none), 1))
        .hasSize(GramVotes.WEIGHTS)
        .containsOnly(0f);
  }

  @Test
  void weightsOfNoQuestionStayZero() {
    var world = World.of("po", "near");
    var used = new boolean[GramVotes.WEIGHTS];
    var parts = new int[GramVotes.PARTS];
    var questions = world.questions();
    for (int q = 0; q < questions.questions(); q++) {
      for (int c = questions.first(q); c < questions.end(q); c++) {
        for (int i = questions.firstCode(c); i < questions.endCode(c); i++) {
          GramVotes.parts(questions.code(i), parts);
          for (int part : parts) used[part] = true;
        }
      }
    }

    var weights = VoteTrainer.train(List.of(questions), 1);

    int zeros = 0;
    for (int i = 0; i < weights.length; i++) {
      assertThat(weights[i]).isFinite();
      if (used[i]) continue;
      assertThat(weights[i]).isZero();
      zeros++;
    }
    assertThat(zeros).isBetween(1, GramVotes.WEIGHTS - 1);
  }
}
