package com.cpprediction.shadow;

import com.cpprediction.files.OwnerOnly;
import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** A JSON file that is replaced as a whole, and on the disk when that returns. Blocks. */
record StateFile(Path directory, String name) {
  /**
   * @return empty where there is none
   */
  Optional<JsonObject> read() throws IOException {
    try {
      return Optional.of(StrictJson.parseObject(Files.readAllBytes(directory.resolve(name))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (MalformedJsonException e) {
      throw new IOException(directory.resolve(name) + " is damaged: " + e.getMessage(), e);
    }
  }

  void write(JsonObject content) throws IOException {
    OwnerOnly.createDirectories(directory);
    var fresh = directory.resolve(name + ".new");
    Files.write(fresh, content.toBuffer().getBytes());
    try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(
        fresh,
        directory.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
