package com.cpprediction.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The packages of the service: their imports, their order, and the one home of each library. */
class ArchitectureTest {
  private static final String ROOT = "com.cpprediction.";

  /**
   * Each package and all that it imports of its neighbours, from the packages that import none
   * upwards; inlined constants are not seen. A new arrow is a decision: it is added here. {@code
   * config} imports tools only.
   */
  private static final String ARROWS =
      """
      common        <-
      files         <-
      json          <-
      terminal      <-
      watch         <-
      web           <-
      config        <- common json watch
      journal       <- common files
      prediction    <- common
      bus           <- prediction
      cache         <- config prediction
      client        <- prediction
      tracing       <- bus
      metrics       <- common prediction tracing
      csv           <- common files prediction
      logging       <- config
      auth          <- common config metrics prediction
      history       <- bus metrics postgres prediction
      model.format  <- common json prediction
      postgres      <- common config files journal prediction
      loadtest      <- common csv web
      bulk          <- common csv files json terminal
      audit         <- bus files json logging postgres prediction
      model         <- audit bus common csv json metrics model.format prediction watch
      outcomes      <- bus logging metrics postgres prediction
      tls           <- common metrics watch
      persistence   <- audit bus config history journal json logging metrics outcomes postgres prediction tracing
      backup        <- common config csv files json persistence postgres terminal
      serving       <- bus cache common config json metrics model prediction tracing
      inference     <- model prediction serving
      grpc          <- inference prediction serving
      training      <- csv json model model.format prediction terminal
      ablation      <- common config journal json loadtest model.format persistence postgres prediction terminal
      cluster       <- bus config metrics model prediction serving
      dashboard     <- bus cache common metrics prediction serving web
      http          <- audit auth bus cache common config dashboard grpc inference json logging metrics model prediction serving tls tracing web
      shadow        <- audit bus common config files json metrics model model.format prediction serving watch
      server        <- audit bus cache cluster common config http logging metrics model persistence postgres prediction serving shadow tls tracing
      cli           <- ablation backup bulk bus common config csv journal loadtest logging metrics model model.format persistence postgres prediction server serving shadow terminal training
      """;

  /** Each library and the packages that may import it. */
  private static final String HOMES =
      """
      Caffeine       com.github.benmanes.caffeine    auth cache
      PG client      io.vertx.pgclient               postgres
      SQL client     io.vertx.sqlclient              audit postgres persistence outcomes history
      JDBC           java.sql javax.sql              postgres persistence backup
      pgjdbc         org.postgresql                  postgres
      Flyway         org.flywaydb                    persistence
      Hazelcast      com.hazelcast io.vertx.spi      cluster
      Artemis        org.apache.activemq             journal
      DJL            ai.djl                          model
      XGBoost4J      ml.dmlc.xgboost4j               model training
      HdrHistogram   org.HdrHistogram                loadtest ablation
      JSON schema    io.vertx.json.schema            config
      Jackson        com.fasterxml.jackson           json logging
      FastCSV        de.siegmar.fastcsv              csv
      Compress       org.apache.commons.compress     postgres
      Vert.x Auth    io.vertx.ext.auth               auth
      Vert.x Web     io.vertx.ext.web                http dashboard web
      gRPC           io.vertx.grpc inference         grpc
      Protobuf       com.google.protobuf             grpc
      Netty          io.netty                        http
      Micrometer     io.micrometer                   metrics cache http cli server
      Prometheus     io.prometheus                   metrics
      Vert.x meters  io.vertx.micrometer             server
      OpenTelemetry  io.opentelemetry                tracing
      Logback        ch.qos.logback                  logging
      UUID creator   com.github.f4b6a3               prediction
      picocli        picocli                         cli server terminal
      progress bar   me.tongfei                      terminal
      """;

  private static final JavaClasses SERVICE =
      new ClassFileImporter().importPath(Path.of("target/classes/com/cpprediction"));

  @Test
  void importsNoNeighbourBesideTheArrowsOfTheTable() {
    var allowed = new TreeMap<String, TreeSet<String>>();
    ARROWS
        .lines()
        .map(line -> line.split("<-|\\s+"))
        .forEach(
            words ->
                allowed.put(
                    words[0],
                    Stream.of(words)
                        .skip(1)
                        .filter(word -> !word.isEmpty())
                        .collect(Collectors.toCollection(TreeSet::new))));
    var found = new TreeMap<String, TreeSet<String>>();
    for (var type : SERVICE) {
      var imports = found.computeIfAbsent(inner(type), name -> new TreeSet<>());
      for (var dependency : type.getDirectDependenciesFromSelf()) {
        var target = dependency.getTargetClass().getBaseComponentType();
        if (!target.getPackageName().startsWith(ROOT)) continue;
        if (!inner(target).equals(inner(type))) imports.add(inner(target));
      }
    }

    assertThat(found).isEqualTo(allowed);
  }

  private static String inner(JavaClass type) {
    return type.getPackageName().substring(ROOT.length());
  }

  @Test
  void hasNoCycleOfPackages() {
    slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(SERVICE);
  }

  static Stream<String> libraries() {
    return HOMES.lines();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("libraries")
  void importsALibraryInItsHomesOnly(String row) {
    var columns = row.split(" {2,}");
    var library = packages(columns[1], "");
    var homes = packages(columns[2], ROOT);

    noClasses()
        .that(resideOutsideOfPackages(homes))
        .should()
        .dependOnClassesThat(resideInAnyPackage(library))
        .check(SERVICE);
    for (var home : homes) { // a home that has given the library up leaves the table
      assertThat(SERVICE)
          .as(home)
          .anyMatch(
              type ->
                  resideInAnyPackage(home).test(type)
                      && type.getDirectDependenciesFromSelf().stream()
                          .anyMatch(
                              dependency ->
                                  resideInAnyPackage(library).test(dependency.getTargetClass())));
    }
  }

  @Test
  void givesEachTopLevelTypeANameOfItsOwn() {
    var packages = new TreeMap<String, TreeSet<String>>();
    for (var type : SERVICE) {
      if (type.isTopLevelClass() && !type.getSimpleName().equals("package-info")) {
        packages.computeIfAbsent(type.getSimpleName(), name -> new TreeSet<>()).add(inner(type));
      }
    }

    assertThat(packages).allSatisfy((name, homes) -> assertThat(homes).hasSize(1));
  }

  @Test
  void isNullMarkedInEveryPackage() {
    assertThat(SERVICE)
        .extracting(JavaClass::getPackage)
        .allMatch(owner -> owner.isAnnotatedWith(NullMarked.class));
  }

  private static String[] packages(String names, String root) {
    return Arrays.stream(names.split(" ")).map(name -> root + name + "..").toArray(String[]::new);
  }
}
