package com.cpprediction.logging;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryContext;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.spi.context.storage.ContextLocal;
import org.jspecify.annotations.Nullable;

/**
 * Id of the current request. It is stored in the Vert.x context of the request, which covers its
 * callbacks, timers and blocking code, and sent along with its messages to other verticles and
 * nodes. Every log line shows it.
 */
public final class RequestId {
  /** Message and HTTP header of the id. */
  public static final String HEADER = "X-Request-Id";

  private static final ContextLocal<String> CONTEXT_ID = ContextLocal.registerLocal(String.class);

  private RequestId() {}

  /** Registers the context local; must run before the first context exists. */
  static void register() {
    // The static initializer registers it.
  }

  /** The id of the current context's request, null outside a request. From any thread. */
  public static @Nullable String current() {
    var context = Vertx.currentContext();
    return context == null ? null : CONTEXT_ID.get(context);
  }

  /**
   * Sets the request id of the current context. Ignored in a context shared by several requests,
   * where it would mark later ones.
   *
   * @param id must be {@linkplain #isSafe safe}
   */
  public static void set(String id) {
    var context = Vertx.currentContext();
    if (isRequestContext(context)) CONTEXT_ID.put(context, id);
  }

  /** Clears the request id, before the current context works for several requests. */
  public static void clear() {
    var context = Vertx.currentContext();
    if (isRequestContext(context)) CONTEXT_ID.remove(context);
  }

  /** Sends the id with every request over {@code bus}; call once per bus. */
  public static void propagate(EventBus bus) {
    bus.addOutboundInterceptor(RequestId::addHeader).addInboundInterceptor(RequestId::readHeader);
  }

  private static boolean isRequestContext(Context context) {
    return context instanceof ContextInternal internal && internal.isDuplicate();
  }

  private static void addHeader(DeliveryContext<?> delivery) {
    var message = delivery.message();
    if (message.replyAddress() != null) { // replies need no id: their context has it
      var id = current();
      if (id != null && !message.headers().contains(HEADER)) message.headers().set(HEADER, id);
    }
    delivery.next();
  }

  private static void readHeader(DeliveryContext<?> delivery) {
    var message = delivery.message();
    if (message.replyAddress() != null) {
      var id = message.headers().get(HEADER);
      if (id != null && isSafe(id)) set(id);
    }
    delivery.next();
  }

  /** Whether {@code id}, possibly chosen by a caller, is safe in logs and headers. */
  public static boolean isSafe(String id) {
    int length = id.length();
    if (length == 0 || length > 64) return false;
    for (int i = 0; i < length; i++) {
      char c = id.charAt(i);
      boolean safe =
          c >= 'a' && c <= 'z'
              || c >= 'A' && c <= 'Z'
              || c >= '0' && c <= '9'
              || c == '.'
              || c == '_'
              || c == '-';
      if (!safe) return false;
    }
    return true;
  }
}
