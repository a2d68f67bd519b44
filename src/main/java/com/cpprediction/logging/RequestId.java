package com.cpprediction.logging;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryContext;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.spi.context.storage.ContextLocal;
import org.jspecify.annotations.Nullable;

/**
 * The id of the request that is being worked on, wherever that happens: it is kept with the Vert.x
 * context of the request, which follows it through callbacks, timers and blocking code, and travels
 * with its messages to other verticles and nodes. Every line of the log has it.
 */
public final class RequestId {
  /** The header of a message that carries it, as over HTTP. */
  public static final String HEADER = "X-Request-Id";

  private static final ContextLocal<String> LOCAL = ContextLocal.registerLocal(String.class);

  private RequestId() {}

  /** Makes room for it in contexts; has to happen before there are any. */
  static void register() {
    // Done when this class was loaded.
  }

  /** Of the request this thread works on now, null when it is none. From any thread. */
  public static @Nullable String current() {
    var context = Vertx.currentContext();
    return context == null ? null : LOCAL.get(context);
  }

  /**
   * From here on the current context works on request {@code id}. Does nothing in a context that
   * isn't one request's own: there it would name the wrong one from the next request on.
   *
   * @param id safe to be repeated
   */
  public static void set(String id) {
    var context = Vertx.currentContext();
    if (ownedByRequest(context)) LOCAL.put(context, id);
  }

  /** What the current context does from here on it does for many requests. */
  public static void forget() {
    var context = Vertx.currentContext();
    if (ownedByRequest(context)) LOCAL.remove(context);
  }

  /** Lets it travel with every request over {@code bus}; once per bus. */
  public static void travel(EventBus bus) {
    bus.addOutboundInterceptor(RequestId::attach).addInboundInterceptor(RequestId::take);
  }

  private static boolean ownedByRequest(Context context) {
    return context instanceof ContextInternal internal && internal.isDuplicate();
  }

  private static void attach(DeliveryContext<?> delivery) {
    var message = delivery.message();
    if (message.replyAddress() != null) { // whoever gets an answer knows what it asked for
      var id = current();
      if (id != null && !message.headers().contains(HEADER)) message.headers().set(HEADER, id);
    }
    delivery.next();
  }

  private static void take(DeliveryContext<?> delivery) {
    var message = delivery.message();
    if (message.replyAddress() != null) {
      var id = message.headers().get(HEADER);
      if (id != null && isSafe(id)) set(id);
    }
    delivery.next();
  }

  /** Whether {@code id} may be repeated in logs and headers: a caller may have made it up. */
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
