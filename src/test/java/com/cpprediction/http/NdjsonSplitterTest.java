package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.http.NdjsonSplitter.Line;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NdjsonSplitterTest {
  private static final String LONGEST = "x".repeat(NdjsonSplitter.MAX_LENGTH);

  private final List<Line> out = new ArrayList<>();
  private final NdjsonSplitter lines = new NdjsonSplitter(out::add);

  @Test
  void splitsAtLfCrlfAndTheEndOfInput() {
    lines.add(Buffer.buffer("a\nb\r\n\n \t\r\nc"));
    lines.end();

    assertThat(shown()).containsExactly("1:a", "2:b", "5:c");
  }

  @Test
  void dropsALeadingByteOrderMarkOnly() {
    lines.add(Buffer.buffer("\uFEFFa\n\uFEFFb\n"));
    lines.end();

    assertThat(shown()).containsExactly("1:a", "2:\uFEFFb");
  }

  @Test
  void findsNoLineInEmptyInput() {
    lines.add(Buffer.buffer("\uFEFF\r\n\n"));
    lines.end();

    assertThat(out).isEmpty();
    assertThat(lines.lines()).isEqualTo(2);
  }

  @Test
  void acceptsTheLongestLineAndNoLonger() {
    lines.add(Buffer.buffer("\uFEFF" + LONGEST + "\r\n" + LONGEST + "x\n" + LONGEST + "\n"));
    lines.add(Buffer.buffer((LONGEST + LONGEST).repeat(4) + "\nlast"));
    lines.end();

    assertThat(shown()).containsExactly("1:" + LONGEST, "2!", "3:" + LONGEST, "4!", "5:last");
  }

  @Test
  void reportsAPartialLine() {
    assertThat(lines.hasPartialLine()).isFalse();
    lines.add(Buffer.buffer("a\nb"));
    assertThat(lines.hasPartialLine()).isTrue();
    lines.add(Buffer.buffer((LONGEST + LONGEST)));
    assertThat(lines.hasPartialLine()).isTrue();
    lines.add(Buffer.buffer("\n"));
    assertThat(lines.hasPartialLine()).isFalse();
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void findsTheSameLinesInAnyChunks(long seed) {
    var random = new Random(seed);
    var text = new StringBuilder("\uFEFF");
    for (int i = 0; i < 300; i++) {
      var line = random.nextInt(20) == 0 ? LONGEST : "ä".repeat(random.nextInt(40));
      text.append(line, 0, random.nextInt(line.length() + 1));
      text.append(random.nextInt(30) == 0 ? LONGEST : "");
      text.append(random.nextBoolean() ? "\r\n" : "\n");
    }
    var bytes = text.append("end").toString().getBytes(StandardCharsets.UTF_8);
    lines.add(Buffer.buffer(bytes));
    lines.end();
    var whole = shown();
    out.clear();

    var again = new NdjsonSplitter(out::add);
    for (int start = 0; start < bytes.length; ) {
      int end = Math.min(bytes.length, start + 1 + random.nextInt(random.nextInt(5) + 1 << 6));
      again.add(Buffer.buffer(bytes).getBuffer(start, end));
      start = end;
    }
    again.end();

    assertThat(shown()).isEqualTo(whole).hasSizeGreaterThan(200);
  }

  private List<String> shown() {
    return out.stream()
        .map(
            line ->
                line.content() == null
                    ? line.number() + "!"
                    : line.number() + ":" + new String(line.content(), StandardCharsets.UTF_8))
        .toList();
  }
}
