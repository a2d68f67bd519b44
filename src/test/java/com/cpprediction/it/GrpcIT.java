package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestRows;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import com.google.protobuf.ByteString;
import inference.GrpcService.InferTensorContents;
import inference.GrpcService.ModelInferRequest;
import inference.GrpcService.ModelInferRequest.InferInputTensor;
import inference.GrpcService.ModelInferResponse;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The service over gRPC, with its models, its journal and PostgreSQL. */
class GrpcIT {
  private static final int CALLS = 200;

  @RegisterExtension static final TestService service = new TestService(directory -> grpc(0));

  static final MethodDescriptor<ModelInferRequest, ModelInferResponse> INFER =
      MethodDescriptor.<ModelInferRequest, ModelInferResponse>newBuilder()
          .setType(MethodType.UNARY)
          .setFullMethodName("inference.GRPCInferenceService/ModelInfer")
          .setRequestMarshaller(ProtoUtils.marshaller(ModelInferRequest.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(ModelInferResponse.getDefaultInstance()))
          .build();

  @Test
  void predictsAsRestAndStoresEachPredictionOnce() throws Exception {
    var channel =
        NettyChannelBuilder.forAddress("127.0.0.1", service.grpcPort()).usePlaintext().build();
    try {
      var calls =
          IntStream.range(0, CALLS)
              .mapToObj(
                  i ->
                      ClientCalls.futureUnaryCall(
                          channel.newCall(INFER, CallOptions.DEFAULT), request(i)))
              .toList();
      for (int i = 0; i < CALLS; i++) {
        var response = calls.get(i).get(60, TimeUnit.SECONDS);
        assertThat(texts(response, "shipment_id"))
            .containsExactly("G" + i + "-0", "G" + i + "-1", "G" + i + "-2");
        assertThat(texts(response, "error")).containsExactly("", "", "malformed-request");
      }
      var response = calls.get(0).get();
      var rest = service.http().post("/predict", Http.shipment("R", address(0)));
      assertThat(texts(response, "cp").get(0)).isEqualTo(rest.json().getString("cp"));
    } finally {
      channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }

    Await.until(() -> rows("shipment_id LIKE 'G%'") >= 2 * CALLS);
    assertThat(rows("shipment_id LIKE 'G%'")).isEqualTo(2 * CALLS);
    assertThat(rows("shipment_id LIKE 'G%-2'")).isZero();
  }

  @Test
  void namesThePortThatIsInUse() {
    int port = service.grpcPort();

    assertThatThrownBy(() -> TestService.started(directory -> grpc(port)))
        .hasMessageContaining("port %d (", port)
        .hasMessageContaining("grpc.port");
  }

  private static JsonObject grpc(int port) {
    return new JsonObject().put("grpc", new JsonObject().put("enabled", true).put("port", port));
  }

  private static long rows(String condition) throws Exception {
    return TestRows.count(service.databaseUri(), condition);
  }

  private static String address(int i) {
    var rows = SmallRelease.rows();
    return rows.get(i % rows.size()).typed();
  }

  /** Two shipments, and one without an address. */
  private static ModelInferRequest request(int i) {
    return ModelInferRequest.newBuilder()
        .setModelName("cp")
        .addInputs(tensor("address", address(i), address(i + 1), ""))
        .addInputs(tensor("shipment_id", "G" + i + "-0", "G" + i + "-1", "G" + i + "-2"))
        .build();
  }

  static InferInputTensor tensor(String name, String... elements) {
    var contents = InferTensorContents.newBuilder();
    for (var element : elements) contents.addBytesContents(ByteString.copyFromUtf8(element));
    return InferInputTensor.newBuilder()
        .setName(name)
        .setDatatype("BYTES")
        .addShape(elements.length)
        .setContents(contents)
        .build();
  }

  private static List<String> texts(ModelInferResponse response, String name) {
    return response.getOutputsList().stream()
        .filter(output -> output.getName().equals(name))
        .flatMap(output -> output.getContents().getBytesContentsList().stream())
        .map(ByteString::toStringUtf8)
        .toList();
  }
}
