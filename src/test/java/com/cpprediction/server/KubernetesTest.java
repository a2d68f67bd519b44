package com.cpprediction.server;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.ConfigLoader;
import com.cpprediction.config.ServiceConfig;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Manifests in {@code conf/kubernetes/}: by the API's own types, and against the service. */
class KubernetesTest {
  private static final Path DIRECTORY = Path.of("conf/kubernetes");
  private static final Map<String, Class<? extends HasMetadata>> KINDS =
      Stream.of(
              ConfigMap.class,
              Service.class,
              StatefulSet.class,
              NetworkPolicy.class,
              PodDisruptionBudget.class,
              HorizontalPodAutoscaler.class,
              ServiceMonitor.class)
          .collect(toMap(Class::getSimpleName, type -> type));

  /** Of the mount of the secret. */
  private static final String SECRETS = "/run/secrets/cp-prediction";

  private static final int LONGEST_STOP_SECONDS = 15;

  @TempDir private Path directory;
  private static final List<HasMetadata> objects = new ArrayList<>();

  @BeforeAll
  static void read() throws IOException {
    for (var file : files()) {
      if (file.endsWith("kustomization.yaml")) continue;
      for (var document : Yaml.documents(DIRECTORY.resolve(file))) objects.add(object(document));
    }
  }

  private static List<String> files() throws IOException {
    try (var files = Files.list(DIRECTORY)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static HasMetadata object(JsonNode document) throws IOException {
    var type = Objects.requireNonNull(KINDS.get(document.get("kind").asText()), "kind");
    assertThat(document.get("apiVersion").asText()).isEqualTo(HasMetadata.getApiVersion(type));
    return Yaml.strictly(document, type);
  }

  private static <T extends HasMetadata> T the(Class<T> type, String name) {
    return objects.stream()
        .filter(type::isInstance)
        .map(type::cast)
        .filter(object -> object.getMetadata().getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + type.getSimpleName() + ' ' + name));
  }

  private static <T extends HasMetadata> T the(Class<T> type) {
    return the(type, "cp-prediction");
  }

  private static PodSpec pod() {
    return the(StatefulSet.class).getSpec().getTemplate().getSpec();
  }

  private static Container container() {
    return pod().getContainers().get(0);
  }

  private static int port(String name) {
    return container().getPorts().stream()
        .filter(port -> port.getName().equals(name))
        .mapToInt(ContainerPort::getContainerPort)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no port " + name));
  }

  @Test
  void refusesAMisspelledProperty() throws IOException {
    var document = Yaml.document(DIRECTORY.resolve("statefulset.yaml"));
    ((ObjectNode) document.at("/spec/template/spec")).put("terminationGracePeriod", 30);

    assertThatThrownBy(() -> object(document))
        .isInstanceOf(UnrecognizedPropertyException.class)
        .hasMessageContaining("terminationGracePeriod");
  }

  @Test
  void appliesOrNamesEveryFile() throws IOException {
    var kustomization = Files.readString(DIRECTORY.resolve("kustomization.yaml"));
    var named = Pattern.compile("(?m)^  (?:# )?- (\\S+\\.yaml)$").matcher(kustomization).results();

    assertThat(named.map(file -> file.group(1)))
        .containsExactlyInAnyOrderElementsOf(
            files().stream().filter(file -> !file.equals("kustomization.yaml")).toList());
    var images = Yaml.document(DIRECTORY.resolve("kustomization.yaml")).get("images");
    assertThat(images.get(0).get("name").asText()).isEqualTo(container().getImage());
    assertThat(Files.readString(Path.of("pom.xml")))
        .contains(
            "<artifactId>cp-prediction-service</artifactId>\n  <version>%s</version>"
                .formatted(images.get(0).get("newTag").asText()));
  }

  @Test
  void selectsThePodsByTheirLabels() {
    var set = the(StatefulSet.class).getSpec();
    var labels = set.getTemplate().getMetadata().getLabels();
    var selectors =
        List.of(
            set.getSelector().getMatchLabels(),
            the(Service.class).getSpec().getSelector(),
            the(Service.class, "cp-prediction-nodes").getSpec().getSelector(),
            the(NetworkPolicy.class).getSpec().getPodSelector().getMatchLabels(),
            the(PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels(),
            pod().getTopologySpreadConstraints().get(0).getLabelSelector().getMatchLabels());

    assertThat(selectors).allSatisfy(selector -> assertThat(labels).containsAllEntriesOf(selector));
    assertThat(selectors).doesNotContain(Map.of());
  }

  @Test
  void givesTheNodesAHeadlessServiceOfTheirName() throws IOException {
    var nodes = the(Service.class, "cp-prediction-nodes").getSpec();

    assertThat(the(StatefulSet.class).getSpec().getServiceName()).isEqualTo("cp-prediction-nodes");
    assertThat(config().cluster().service()).isEqualTo("cp-prediction-nodes");
    assertThat(nodes.getClusterIP()).isEqualTo("None");
    assertThat(nodes.getPublishNotReadyAddresses()).isTrue();
  }

  @Test
  void opensThePortsThatTheServiceListensOn() throws IOException {
    var config = config();

    assertThat(port("http")).isEqualTo(config.http().port());
    assertThat(port("membership")).isEqualTo(config.cluster().port());
    assertThat(port("bus")).isEqualTo(config.cluster().busPort());
    for (var name : List.of("cp-prediction", "cp-prediction-nodes")) {
      for (var port : the(Service.class, name).getSpec().getPorts())
        assertThat(port(port.getTargetPort().getStrVal())).isPositive();
    }
    var policy = the(NetworkPolicy.class).getSpec();
    assertThat(policy.getIngress().stream().flatMap(rule -> rule.getPorts().stream()))
        .extracting(port -> port(port.getPort().getStrVal()))
        .containsExactly(8000, 5701, 5702);
    assertThat(policy.getEgress().get(0).getPorts())
        .extracting(NetworkPolicyPort::getPort)
        .extracting(port -> port.getIntVal())
        .containsExactly(port("membership"), port("bus"));
  }

  /** Membership is neither signed nor encrypted. */
  @Test
  void letsOnlyNodesReachThePortsOfNodes() throws IOException {
    assertThat(config().cluster().trustedNetwork()).isTrue();

    var rules =
        the(NetworkPolicy.class).getSpec().getIngress().stream()
            .filter(
                rule ->
                    rule.getPorts().stream()
                        .anyMatch(port -> !"http".equals(port.getPort().getStrVal())))
            .toList();
    assertThat(rules).hasSize(1);
    assertThat(rules.get(0).getFrom()).hasSize(1);
    assertThat(rules.get(0).getFrom().get(0).getPodSelector().getMatchLabels())
        .isEqualTo(the(StatefulSet.class).getSpec().getSelector().getMatchLabels());
    assertThat(rules.get(0).getFrom().get(0).getNamespaceSelector()).isNull();
  }

  @Test
  void probesExistingRoutes() throws IOException {
    var contract = Path.of("src/main/resources/com/cpprediction/http/openapi.json");
    var paths = new JsonObject(Files.readString(contract)).getJsonObject("paths").fieldNames();
    var probes =
        List.of(
            container().getStartupProbe(),
            container().getLivenessProbe(),
            container().getReadinessProbe());

    assertThat(probes).extracting(KubernetesTest::path).allMatch(paths::contains);
    assertThat(path(container().getLivenessProbe())).isEqualTo("/health/live");
    assertThat(path(container().getReadinessProbe())).isEqualTo("/health/ready");
    for (var probe : probes)
      assertThat(port(probe.getHttpGet().getPort().getStrVal())).isPositive();
    var scraped = the(ServiceMonitor.class).getSpec().getEndpoints().get(0);
    assertThat(paths).contains(scraped.getPath());
    assertThat(the(Service.class).getSpec().getPorts())
        .anySatisfy(port -> assertThat(port.getName()).isEqualTo(scraped.getPort()));
  }

  private static String path(Probe probe) {
    return probe.getHttpGet().getPath();
  }

  @Test
  void isScrapedOnceUnderTheNameThatTheAlertsAskFor() {
    var monitor = the(ServiceMonitor.class).getSpec();
    var wanted = monitor.getSelector().getMatchLabels().entrySet();

    assertThat(objects)
        .filteredOn(object -> object instanceof Service)
        .filteredOn(object -> object.getMetadata().getLabels().entrySet().containsAll(wanted))
        .singleElement()
        .satisfies(
            service ->
                assertThat(service.getMetadata().getLabels())
                    .containsEntry(monitor.getJobLabel(), "cp-prediction"));
  }

  @Test
  void configuresExistingKeysAndMountsWhatTheyName() throws IOException {
    var config = config();

    assertThat(config.database().uri()).isEqualTo("postgresql://cp:secret@db:5432/cp");
    assertThat(config.http().host()).isEqualTo("0.0.0.0");
    var mounts =
        container().getVolumeMounts().stream()
            .collect(toMap(VolumeMount::getName, VolumeMount::getMountPath));
    assertThat(config.dataDir()).startsWith(mounts.get("data") + '/');
    assertThat(mounts).containsEntry("config", "/opt/cp-prediction/conf");
    assertThat(mounts).containsEntry("secrets", SECRETS);
    assertThat(container().getVolumeMounts())
        .as("an edit does not reach a file that is mounted by itself")
        .allSatisfy(mount -> assertThat(mount.getSubPath()).isNull());
    assertThat(
            pod().getVolumes().stream()
                .filter(volume -> volume.getConfigMap() != null)
                .map(volume -> volume.getConfigMap().getName()))
        .containsExactly(the(ConfigMap.class).getMetadata().getName());
  }

  /** Every key of the secret is in the command that creates it. */
  @Test
  void namesTheSecretThatThePageCreates() throws IOException {
    var page = Files.readString(Path.of("src/docs/kubernetes.md"));
    var created =
        Pattern.compile("--from-literal=([a-z-]+)=")
            .matcher(page)
            .results()
            .map(key -> SECRETS + '/' + key.group(1));

    assertThat(created)
        .containsExactlyInAnyOrderElementsOf(
            environment().entrySet().stream()
                .filter(variable -> variable.getKey().endsWith("_FILE"))
                .map(Map.Entry::getValue)
                .toList());
    assertThat(page).contains("create secret generic cp-prediction ");
  }

  @Test
  void runsAsTheUserOfTheImageAndMayWriteItsDataOnly() throws IOException {
    var image = Files.readString(Path.of("conf/container/Containerfile"));
    var user = pod().getSecurityContext();

    assertThat(image).contains("USER %d:%d\n".formatted(user.getRunAsUser(), user.getRunAsGroup()));
    assertThat(image).contains("VOLUME /var/lib/cp-prediction\n", "WORKDIR /opt/cp-prediction\n");
    assertThat(user.getRunAsNonRoot()).isTrue();
    assertThat(container().getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container().getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    assertThat(container().getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(pod().getAutomountServiceAccountToken()).isFalse();
  }

  @Test
  void waitsLongerThanTheServiceTakesToStop() {
    var sleep = container().getLifecycle().getPreStop().getExec().getCommand();

    assertThat(sleep).first().isEqualTo("sleep");
    assertThat(pod().getTerminationGracePeriodSeconds())
        .isGreaterThan(Integer.parseInt(sleep.get(1)) + LONGEST_STOP_SECONDS);
  }

  @Test
  void scalesBelowTheLimitByAnExistingMeter() throws IOException {
    var scaler = the(HorizontalPodAutoscaler.class).getSpec();
    var pods = scaler.getMetrics().get(0).getPods();

    assertThat(Files.readAllLines(Path.of("src/test/resources/metrics/meters.txt")))
        .anyMatch(line -> line.split(" ")[0].equals(pods.getMetric().getName()));
    assertThat(pods.getTarget().getAverageValue().getNumericalAmount().intValueExact())
        .isLessThan(config().prediction().maxInFlight());
    assertThat(scaler.getScaleTargetRef().getName())
        .isEqualTo(the(StatefulSet.class).getMetadata().getName());
    assertThat(scaler.getMinReplicas()).isGreaterThan(config().cluster().replicas());
  }

  /** As the service in a pod would read it, which refuses unknown keys and warns of variables. */
  private ServiceConfig config() throws IOException {
    var files = the(ConfigMap.class).getData();
    assertThat(files).containsOnlyKeys("config.json");
    var file = Files.writeString(directory.resolve("config.json"), files.get("config.json"));
    var environment = new HashMap<String, String>();
    for (var variable : environment().entrySet()) {
      var value = variable.getValue();
      if (variable.getKey().endsWith("_FILE")) {
        var secret = value.endsWith("-uri") ? "postgresql://cp:secret@db:5432/cp" : "t".repeat(16);
        value = secret(value.substring(SECRETS.length() + 1), secret);
      }
      environment.put(variable.getKey(), value);
    }
    var loaded = new ConfigLoader(file, true, environment, directory).load();
    assertThat(loaded.warnings()).noneMatch(warning -> warning.contains("sets no key"));
    return loaded.config();
  }

  private String secret(String name, String value) throws IOException {
    return Files.writeString(directory.resolve(name), value).toString();
  }

  /** The keys among the variables of the container. */
  private static Map<String, String> environment() {
    var names = new TreeSet<String>();
    var environment = new HashMap<String, String>();
    for (var variable : container().getEnv()) {
      assertThat(names.add(variable.getName())).as(variable.getName()).isTrue();
      if (!variable.getName().startsWith("CP_")) continue;
      environment.put(
          variable.getName(), Objects.requireNonNullElse(variable.getValue(), "cp-prediction-0"));
    }
    assertThat(environment.keySet()).containsAll(Set.of("CP_CLUSTER_HOST", "CP_DATA_DIR"));
    assertThat(pod().getEnableServiceLinks()).as("variables of services").isFalse();
    return environment;
  }
}
