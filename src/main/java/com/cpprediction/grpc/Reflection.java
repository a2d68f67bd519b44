package com.cpprediction.grpc;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.GenericDescriptor;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.reflection.v1.ErrorResponse;
import io.vertx.grpc.reflection.v1.ExtensionNumberResponse;
import io.vertx.grpc.reflection.v1.FileDescriptorResponse;
import io.vertx.grpc.reflection.v1.ListServiceResponse;
import io.vertx.grpc.reflection.v1.ServerReflectionRequest;
import io.vertx.grpc.reflection.v1.ServerReflectionResponse;
import io.vertx.grpc.reflection.v1.ServiceResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Describes services by their files of Protocol Buffers, which have no extensions. Immutable. */
final class Reflection {
  private static final int MAX_ECHO = 1_024; // bytes of a request that a response repeats

  private final Map<String, FileDescriptor> byName = new HashMap<>();
  private final Map<String, FileDescriptor> bySymbol = new HashMap<>();
  private final ListServiceResponse services;

  /**
   * @param files of all services
   */
  Reflection(List<FileDescriptor> files) {
    var list = ListServiceResponse.newBuilder();
    for (var file : files) {
      add(file);
      for (var service : file.getServices()) {
        list.addService(ServiceResponse.newBuilder().setName(service.getFullName()));
      }
    }
    services = list.build();
  }

  private void add(FileDescriptor file) {
    if (byName.put(file.getName(), file) != null) return;
    file.getDependencies().forEach(this::add);
    file.getMessageTypes().forEach(this::add);
    file.getEnumTypes().forEach(this::addSymbol);
    for (var service : file.getServices()) {
      addSymbol(service);
      service.getMethods().forEach(this::addSymbol);
    }
  }

  private void add(Descriptor message) {
    addSymbol(message);
    message.getFields().forEach(this::addSymbol);
    message.getEnumTypes().forEach(this::addSymbol);
    message.getNestedTypes().forEach(this::add);
  }

  private void addSymbol(GenericDescriptor symbol) {
    bySymbol.put(symbol.getFullName(), symbol.getFile());
  }

  ServerReflectionResponse response(ServerReflectionRequest request) {
    var response = ServerReflectionResponse.newBuilder();
    if (request.getSerializedSize() <= MAX_ECHO) {
      response.setValidHost(request.getHost()).setOriginalRequest(request);
    }
    switch (request.getMessageRequestCase()) {
      case LIST_SERVICES -> response.setListServicesResponse(services);
      case FILE_BY_FILENAME -> setFile(byName.get(request.getFileByFilename()), response);
      case FILE_CONTAINING_SYMBOL ->
          setFile(bySymbol.get(request.getFileContainingSymbol()), response);
      case FILE_CONTAINING_EXTENSION -> setFile(null, response);
      case ALL_EXTENSION_NUMBERS_OF_TYPE -> {
        var type = request.getAllExtensionNumbersOfType();
        if (bySymbol.containsKey(type)) {
          response.setAllExtensionNumbersResponse(
              ExtensionNumberResponse.newBuilder().setBaseTypeName(type));
        } else {
          setFile(null, response);
        }
      }
      case MESSAGEREQUEST_NOT_SET ->
          response.setErrorResponse(error(GrpcStatus.INVALID_ARGUMENT, "The request is empty"));
    }
    return response.build();
  }

  private static void setFile(
      @Nullable FileDescriptor file, ServerReflectionResponse.Builder response) {
    if (file == null) {
      response.setErrorResponse(error(GrpcStatus.NOT_FOUND, "There is no such file or symbol"));
    } else {
      response.setFileDescriptorResponse(
          FileDescriptorResponse.newBuilder()
              .addFileDescriptorProto(file.toProto().toByteString()));
    }
  }

  private static ErrorResponse error(GrpcStatus status, String message) {
    return ErrorResponse.newBuilder().setErrorCode(status.code).setErrorMessage(message).build();
  }
}
