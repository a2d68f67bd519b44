package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlacesTest {
  private final Places places = new Places();

  private int of(String text) {
    return places.of(
        Arrays.stream(text.split(" ")).mapToInt(String::hashCode).sorted().distinct().toArray());
  }

  @Test
  void spellingsOfOneAddressAreOnePlace() {
    int first = of("12 kadri temple road mangalore karnataka");

    assertThat(of("kadri temple road mangalore karnataka")).isEqualTo(first);
    assertThat(of("12 kadri temple rd mangalore karnataka")).isEqualTo(first);
    assertThat(of("mangalore karnataka kadri road temple 12")).isEqualTo(first);
    assertThat(places.size()).isEqualTo(1);
  }

  @Test
  void twoSharedWordsAreTooFew() {
    of("bejai mangalore");

    of("bejai mangalore");

    assertThat(places.size()).isEqualTo(2);
  }

  @Test
  void similarAddressesDoNotChainPlacesTogether() {
    int first = of("a b c d e f");

    assertThat(of("c d e f g h")).isEqualTo(first); // shares four words of eight
    assertThat(of("e f g h i j")).isEqualTo(first + 1); // near the second, not the first
  }

  @Test
  void theMostSimilarPlaceIsTaken() {
    of("a b c d e f g h");
    int nearer = of("a b c d x y z w v u");

    assertThat(of("a b c d x y z w")).isEqualTo(nearer);
  }

  @Test
  void wordsOfManyPlacesFindNone() {
    for (int i = 0; i < 100; i++) {
      of("main road market city " + i + " x" + i + " y" + i + " z" + i + " w" + i + " v" + i);
    }
    assertThat(places.size()).isEqualTo(100);

    of("main road market city");

    assertThat(places.size()).isEqualTo(101);
  }

  @ParameterizedTest(name = "{0} places")
  @CsvSource({"1, true", "63, true", "64, true", "65, false", "66, false"})
  void aWordFindsUpTo64Places(int count, boolean found) {
    for (int i = 0; i < count; i++) of("main road market x" + i + " y" + i + " z" + i);
    assertThat(places.size()).isEqualTo(count);

    assertThat(of("main road market")).isEqualTo(found ? 0 : count);
  }

  @Test
  void commonWordsCountWhereARareOneFindsThePlace() {
    for (int i = 0; i < 80; i++) of("main road market x" + i + " y" + i + " z" + i);

    assertThat(of("main road market x70")).isEqualTo(70);
    assertThat(of("main road market x7000")).isEqualTo(80);
  }

  @Test
  void theFirstOfEquallySimilarPlacesIsTaken() {
    of("a b c x1 x2 x3");
    of("a b c y1 y2 y3");

    assertThat(places.size()).isEqualTo(2);
    assertThat(of("a b c")).isZero();
  }

  @Test
  void anEmptyAddressIsAPlaceOfItsOwn() {
    assertThat(places.of(new int[0])).isZero();
    assertThat(places.of(new int[0])).isEqualTo(1);
  }
}
