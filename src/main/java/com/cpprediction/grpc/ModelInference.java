package com.cpprediction.grpc;

import com.cpprediction.inference.InferenceReply;
import com.cpprediction.inference.InferenceRequest;
import com.cpprediction.inference.RawTensors;
import com.cpprediction.inference.Tensor;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import inference.GrpcService.InferTensorContents;
import inference.GrpcService.ModelInferRequest;
import inference.GrpcService.ModelInferRequest.InferInputTensor;
import inference.GrpcService.ModelInferRequest.InferRequestedOutputTensor;
import inference.GrpcService.ModelInferResponse;
import inference.GrpcService.ModelInferResponse.InferOutputTensor;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The message of an inference.
 *
 * @param version absent for the one in force
 * @param raw whether tensors are bytes beside their descriptions, in the request and the response
 */
public record ModelInference(
    String name, @Nullable String version, boolean raw, InferenceRequest request) {

  /**
   * Reads a {@code ModelInferRequest}.
   *
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} with what to send instead
   */
  public static ModelInference parse(byte[] bytes) {
    var message = Messages.parse(ModelInferRequest.getDefaultInstance(), bytes);
    boolean raw = message.getRawInputContentsCount() > 0;
    if (raw && message.getRawInputContentsCount() != message.getInputsCount()) {
      throw malformed(
          "There are %d inputs and %d raw_input_contents, must be one for each"
              .formatted(message.getInputsCount(), message.getRawInputContentsCount()));
    }
    var inputs = new ArrayList<InferenceRequest.Input>(message.getInputsCount());
    for (int i = 0; i < message.getInputsCount(); i++) {
      inputs.add(input(message.getInputs(i), raw ? message.getRawInputContents(i) : null));
    }
    var outputs =
        message.getOutputsList().stream().map(InferRequestedOutputTensor::getName).toList();
    return new ModelInference(
        message.getModelName(),
        Messages.orNull(message.getModelVersion()),
        raw,
        InferenceRequest.of(Messages.orNull(message.getId()), inputs, outputs));
  }

  private static InferenceRequest.Input input(InferInputTensor tensor, @Nullable ByteString raw) {
    var name = tensor.getName();
    return new InferenceRequest.Input(
        name,
        tensor.getDatatype(),
        tensor.getShapeList(),
        () -> raw == null ? elements(name, tensor.getContents()) : rawElements(name, tensor, raw));
  }

  private static List<String> elements(String name, InferTensorContents contents) {
    var only =
        InferTensorContents.newBuilder().addAllBytesContents(contents.getBytesContentsList());
    if (!contents.equals(only.build())) {
      throw malformed("The contents of input %s must be bytes_contents".formatted(name));
    }
    return contents.getBytesContentsList().stream().map(element -> text(name, element)).toList();
  }

  private static List<String> rawElements(String name, InferInputTensor tensor, ByteString raw) {
    if (tensor.hasContents()) {
      throw malformed(
          "Input %s has contents, and the request raw_input_contents; send one of them"
              .formatted(name));
    }
    return RawTensors.texts(raw.asReadOnlyByteBuffer(), name);
  }

  private static String text(String name, ByteString element) {
    if (element.isValidUtf8()) return element.toStringUtf8();
    throw malformed("Elements of input %s must be UTF-8".formatted(name));
  }

  /** The {@code ModelInferResponse} of its reply. */
  public Buffer response(InferenceReply reply) {
    var response =
        ModelInferResponse.newBuilder()
            .setModelName(reply.model().name())
            .setModelVersion(reply.model().version());
    if (reply.id() != null) response.setId(reply.id());
    for (var tensor : reply.outputs()) {
      var output =
          InferOutputTensor.newBuilder()
              .setName(tensor.name())
              .setDatatype(tensor.datatype().name());
      tensor.shape().forEach(output::addShape);
      if (raw) {
        response.addRawOutputContents(UnsafeByteOperations.unsafeWrap(RawTensors.bytes(tensor)));
      } else {
        output.setContents(contents(tensor));
      }
      response.addOutputs(output);
    }
    return Messages.buffer(response.build());
  }

  private static InferTensorContents.Builder contents(Tensor tensor) {
    var contents = InferTensorContents.newBuilder();
    for (var element : tensor.elements()) {
      if (element instanceof Double number) contents.addFp64Contents(number);
      else contents.addBytesContents(ByteString.copyFromUtf8((String) element));
    }
    return contents;
  }

  private static ServiceException malformed(String detail) {
    return Failure.MALFORMED_REQUEST.because(detail);
  }
}
