import com.cpprediction.http.client.ApiException;
import com.cpprediction.http.client.PredictionHttpClient;
import com.cpprediction.http.client.PredictionHttpClient.Result;
import com.cpprediction.http.client.model.Prediction;
import com.cpprediction.http.client.model.Shipment;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Predicts the addresses of standard input, one a line; prints line, CP, confidence and prediction
 * id.
 *
 * <pre>
 * java -cp 'target/clients/java/target/*:target/clients/java/target/lib/*' PredictLines.java \
 *   http://127.0.0.1:8000 [stream|batch|single] &lt; addresses.txt
 * </pre>
 */
public final class PredictLines {
  private static final int WINDOW = 100;

  public static void main(String[] arguments) throws ApiException {
    var client = new PredictionHttpClient(arguments[0], null, Duration.ofMinutes(1));
    var shipments = shipments();
    switch (arguments.length > 1 ? arguments[1] : "stream") {
      case "single" -> {
        while (shipments.hasNext()) show(client.predict(shipments.next()));
      }
      case "batch" -> {
        while (shipments.hasNext()) {
          var batch = new ArrayList<Shipment>();
          while (batch.size() < WINDOW && shipments.hasNext()) batch.add(shipments.next());
          client.predictBatch(batch).forEach(PredictLines::show);
        }
      }
      default -> client.predictStream(shipments, WINDOW, PredictLines::show);
    }
  }

  private static Iterator<Shipment> shipments() {
    var number = new AtomicInteger();
    return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
        .lines()
        .map(
            line ->
                new Shipment()
                    .shipmentId(Integer.toString(number.incrementAndGet()))
                    .address(line.strip()))
        .iterator();
  }

  private static void show(Result result) {
    if (result.prediction() != null) show(result.prediction());
    else System.out.printf("%s\t-\t%s\t-%n", result.shipmentId(), result.error().getCode());
  }

  private static void show(Prediction prediction) {
    System.out.printf(
        "%s\t%s\t%s\t%s%n",
        prediction.getShipmentId(),
        prediction.getCp(),
        prediction.getConfidence(),
        prediction.getPredictionId());
  }
}
