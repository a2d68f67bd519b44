package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.PrefixIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class VoteQuestionsTest {
  private static final List<LabelledRow> ROWS =
      List.of(
          row("kadri temple road near bejai church", "A"),
          row("kadri temple road near bejai church lane", "A"), // the same place
          row("kadri hills post kavoor", "A"),
          row("bejai church street mangalore", "B"),
          row("bejai new road dist udupi", "B"),
          row("zyxwvu tsrqpo nmlkji", "B"), // words that no other place has
          row("kavoor market road mangalore", "C"),
          row("kavoor temple street", "C"));
  private static final List<String> CPS = List.of("A", "B", "C", "D without address");

  private static LabelledRow row(String text, String cp) {
    return new LabelledRow(text, "575001", cp);
  }

  private static PrefixCounts counts(List<LabelledRow> rows) {
    var builder = new PrefixCounts.Builder("575", new PrefixCounts.Options(1, 0, 0, 100));
    rows.forEach(row -> builder.add(row, row.address()));
    return builder.build(CPS);
  }

  private static PrefixIndex index(PrefixCounts counts) {
    var rarity = new Rarity(List.of(counts(ROWS).fingerprints()));
    return new PrefixIndex(
        ModelFile.of(IndexBuilder.build(counts, OfficeDirectory.EMPTY, rarity).toBytes()));
  }

  /** Codes by CP of a text, of a file that has not counted the text's place. */
  private static Map<Integer, List<Integer>> codes(PrefixIndex without, String text) {
    var codes = new TreeMap<Integer, List<Integer>>();
    var features = new Features();
    features.passCodes((cp, code) -> codes.computeIfAbsent(cp, c -> new ArrayList<>()).add(code));
    features.read(without, GramVotes.NONE, null, text);
    return codes;
  }

  @Test
  void asksOfEachAddressWithoutItsPlace() {
    var counts = counts(ROWS);
    var questions = VoteQuestions.of(index(counts), counts.sample());

    assertThat(counts.sample()).hasSize(ROWS.size() - 1);
    assertThat(questions.questions()).isEqualTo(ROWS.size());
    int question = 0;
    for (var place : counts.sample()) {
      var others = ROWS.stream().filter(row -> !place.texts().contains(row.address())).toList();
      var without = index(counts(others));
      for (int i = 0; i < place.texts().size(); i++) {
        var text = place.texts().get(i);
        int first = questions.first(question);
        assertThat(questions.end(question) - first).isEqualTo(CPS.size());
        assertThat(questions.right(question) - first).isEqualTo(place.cps().get(i));
        var expected = codes(without, text);
        for (int cp = 0; cp < CPS.size(); cp++) {
          assertThat(codes(questions, first + cp))
              .as("%s at %s", text, CPS.get(cp))
              .containsExactlyInAnyOrderElementsOf(expected.getOrDefault(cp, List.of()));
        }
        question++;
      }
    }
  }

  @Test
  void wordsOfTheOwnPlaceAloneSayNothing() {
    var counts = counts(ROWS);
    var alone = counts.sample().stream().filter(p -> p.texts().get(0).startsWith("zyx")).toList();

    var questions = VoteQuestions.of(index(counts), alone);

    assertThat(questions.questions()).isEqualTo(1);
    for (int candidate = questions.first(0); candidate < questions.end(0); candidate++) {
      assertThat(codes(questions, candidate)).isEmpty();
    }
  }

  private static List<Integer> codes(VoteQuestions questions, int candidate) {
    var codes = new ArrayList<Integer>();
    for (int i = questions.firstCode(candidate); i < questions.endCode(candidate); i++) {
      codes.add(questions.code(i));
    }
    return codes;
  }
}
