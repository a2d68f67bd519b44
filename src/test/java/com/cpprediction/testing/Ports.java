package com.cpprediction.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Ports for servers that must know theirs before they start, or keep it over restarts. */
public final class Ports {
  /** Below the ephemeral ports, which the system gives out in the meantime. */
  private static final int FIRST = 15_000;

  /** Of each of the JVMs that run tests at the same time. */
  private static final int COUNT = 3_000;

  private static final int JVM = Integer.getInteger("test.fork", 0) % 5;

  private static final Random RANDOM = new Random();
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private Ports() {}

  /** A free one on loopback, another one each time. */
  public static int free() {
    while (true) {
      int port = FIRST + JVM * COUNT + RANDOM.nextInt(COUNT);
      if (GIVEN.add(port) && isFree(port)) return port;
    }
  }

  private static boolean isFree(int port) {
    try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) { // taken
      return false;
    }
  }
}
