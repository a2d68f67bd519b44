package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** From predictions and their outcomes to a better release. */
class LearningIT {
  @RegisterExtension static final TestService service = new TestService();

  @TempDir private static Path directory;

  @Test
  void exportsTheOutcomesWithTheirAddresses() throws Exception {
    var row = SmallRelease.rows().get(0);
    var typed = '"' + row.typed() + "\", first \u00e9tage";
    assertThat(service.http().post("/predict", Http.shipment("E1", typed)).status()).isEqualTo(200);
    var file = directory.resolve("outcomes.csv");
    Files.writeString(file, "shipment_id,cp\nE1,CP9\nE2,\"CP,8\"\n");
    var url = "http://127.0.0.1:" + service.port();
    assertThat(CommandRun.of("outcomes", "import", "--url", url, file.toString()).exit()).isZero();
    var out = directory.resolve("exported.csv");

    var run = export("--since", "2020-01-01", "--out", out.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("2 outcomes written to " + out);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("rw-------");
    var lines = Files.readAllLines(out);
    assertThat(lines.get(0))
        .isEqualTo("shipment_id,address,pincode,cp,predicted,result,reported_at,origin,author");
    assertThat(lines.get(1))
        .startsWith("E1,\"" + typed.replace("\"", "\"\"") + "\"," + row.pincode() + ",CP9,")
        .matches(".*,wrong,\\d{4}-\\d\\d-\\d\\dT.*Z,report,");
    assertThat(lines.get(2)).startsWith("E2,,,\"CP,8\",,unknown,").endsWith(",report,");
    assertThat(
            export("--since", "2020-01-01", "--until", "2020-02-01", "--out", out.toString()).out())
        .contains("0 outcomes written");
    assertThat(export("--since", "2999-01-01", "--out", out.toString()).exit()).isEqualTo(2);
  }

  private static CommandRun export(String... options) {
    var conf = service.config().toString();
    var arguments = new ArrayList<>(List.of("outcomes", "export", "--conf", conf));
    arguments.addAll(List.of(options));
    return CommandRun.of(arguments.toArray(String[]::new));
  }
}
