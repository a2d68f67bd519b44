import com.cpprediction.client.BatchResult;
import com.cpprediction.client.PredictionClient;
import com.cpprediction.client.Shipment;
import com.hazelcast.config.Config;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.XmlConfigBuilder;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Joins the cluster as an application of its own, predicts the addresses of standard input, one a
 * line, and prints line, CP, confidence and prediction id. A batch without a reply is sent to
 * another node by the client.
 *
 * <pre>
 * java -cp target/cp-prediction-service.jar AskCluster.java \
 *   conf/hazelcast.xml 127.0.0.1:5701,127.0.0.1:5702 &lt; addresses.txt
 * </pre>
 */
public final class AskCluster {
  private static final String CLUSTER = "cp-prediction"; // cluster.name
  private static final String HOST = "127.0.0.1"; // own address, as the nodes reach it
  private static final int JOIN_SECONDS = 60;
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final int BATCH = 100;

  public static void main(String[] arguments) throws Exception {
    // Shorter than nodes keep an idle connection.
    var bus = new EventBusOptions().setHost(HOST).setPort(0).setClusterPingInterval(1_000);
    var vertx =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(bus))
            .withClusterManager(
                new HazelcastClusterManager(
                    hazelcast(arguments[0], List.of(arguments[1].split(",")))))
            .buildClustered()
            .await(JOIN_SECONDS, TimeUnit.SECONDS);
    try {
      predict(PredictionClient.of(vertx).within(DEADLINE));
    } finally {
      vertx.close().await(JOIN_SECONDS, TimeUnit.SECONDS);
    }
  }

  private static Config hazelcast(String settings, List<String> members) throws IOException {
    var config = new XmlConfigBuilder(settings).build();
    config.setClusterName(CLUSTER).setProperty("hazelcast.phone.home.enabled", "false");
    var endpoint = new ServerSocketEndpointConfig().setPort(0).setPortAutoIncrement(false);
    endpoint.getInterfaces().setEnabled(true).setInterfaces(List.of(HOST));
    var network = config.getAdvancedNetworkConfig();
    network.setMemberEndpointConfig(endpoint);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    network.getJoin().getMulticastConfig().setEnabled(false);
    network.getJoin().getTcpIpConfig().setEnabled(true).setMembers(members);
    return config;
  }

  private static void predict(PredictionClient client) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var batch = new ArrayList<Shipment>();
    int number = 0;
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      batch.add(new Shipment(Integer.toString(++number), line.strip()));
      if (batch.size() == BATCH) send(client, batch);
    }
    if (!batch.isEmpty()) send(client, batch);
  }

  private static void send(PredictionClient client, List<Shipment> batch) throws Exception {
    var results =
        client.predictBatch(List.copyOf(batch)).await(DEADLINE.toSeconds() + 1, TimeUnit.SECONDS);
    for (int i = 0; i < batch.size(); i++) show(batch.get(i), results.get(i));
    batch.clear();
  }

  private static void show(Shipment shipment, BatchResult result) {
    if (result.failure() != null) {
      System.out.printf("%s\t-\t%s\t-%n", shipment.id(), result.failure().failure().slug());
      return;
    }
    var answer = result.answer();
    System.out.printf(
        "%s\t%s\t%s\t%s%n", shipment.id(), answer.cp(), answer.confidence(), answer.id());
  }
}
