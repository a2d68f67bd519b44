package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.client.PredictionClient;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** The thin client jar works with Vert.x and the id generator as its only dependencies. */
class ClientJarIT {
  private static final Path JAR =
      Path.of(System.getProperty("cp.jar").replace(".jar", "-client.jar")).toAbsolutePath();
  private static final List<String> THEIRS =
      List.of("java.", "io.vertx.core.", "com.github.f4b6a3.uuid.");

  /** Class loader with the application's libraries only. */
  private static final class Application extends ClassLoader {
    Application(ClassLoader parent) {
      super(parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (THEIRS.stream().noneMatch(name::startsWith)) throw new ClassNotFoundException(name);
      return super.loadClass(name, resolve);
    }
  }

  @Test
  void needsOnlyVertxAndTheIdGenerator() throws Exception {
    try (var file = new JarFile(JAR.toFile());
        var loader =
            new URLClassLoader(
                new URL[] {JAR.toUri().toURL()}, new Application(getClass().getClassLoader()))) {
      var classes =
          file.stream()
              .map(entry -> entry.getName())
              .filter(name -> name.endsWith(".class") && !name.endsWith("package-info.class"))
              .map(name -> name.replace(".class", "").replace('/', '.'))
              .toList();

      assertThat(classes).contains(PredictionClient.class.getName());
      for (var name : classes) {
        assertThat(Class.forName(name, true, loader).getClassLoader()).isEqualTo(loader);
        Class.forName(name, true, loader).getDeclaredMethods(); // links the types in signatures
      }
    }
  }
}
