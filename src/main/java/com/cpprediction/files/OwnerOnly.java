package com.cpprediction.files;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.attribute.PosixFilePermission.OWNER_EXECUTE;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes files and directories that only the user of this process may enter, read or write, whatever
 * the umask is: directories 0700, files 0600, programs 0700. Where that can't be, because a file
 * belongs to another user or the file system keeps no permissions, the log says so once and the
 * rest goes on. From any thread; blocks.
 */
public final class OwnerOnly {
  /**
   * A sign that another user may have changed something.
   *
   * @param foreign whether {@code path} belongs to another user; else others may write it
   */
  public record Doubt(Path path, boolean foreign) {}

  private static final Logger log = LoggerFactory.getLogger(OwnerOnly.class);
  private static final Set<PosixFilePermission> DIRECTORY =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> PROGRAM = DIRECTORY;
  private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");

  // Of a file's mode, from sys/stat.h.
  private static final int OPEN_TO_OTHERS = 0077;
  private static final int WRITABLE_BY_OTHERS = 0022;
  private static final int WRITABLE_BY_ALL = 0002;
  private static final int STICKY = 01000;

  /** Asked for once: it looks the user up. */
  private static final long USER = new UnixSystem().getUid();

  private static final AtomicBoolean SAID = new AtomicBoolean();

  private OwnerOnly() {}

  /** The id of the user that this process runs as; 0 is root. */
  public static long user() {
    return USER;
  }

  /**
   * Makes {@code directory} and what is missing above it. One that is there already is closed to
   * others; what is in it stays as it is.
   */
  public static Path createDirectories(Path directory) throws IOException {
    var parent = directory.toAbsolutePath().getParent();
    if (parent != null) Files.createDirectories(parent);
    try {
      Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(DIRECTORY));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) throw e;
    }
    var real = directory.toRealPath();
    if (!close(real, attributes(real))) say(List.of(real));
    return directory;
  }

  /** Makes an empty file, unless there is one, and closes it to others. */
  public static Path createFile(Path file) throws IOException {
    try {
      Files.createFile(file, PosixFilePermissions.asFileAttribute(FILE));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isRegularFile(file)) throw e;
    }
    if (!close(file, attributes(file))) say(List.of(file));
    return file;
  }

  /**
   * Closes {@code directory} and everything in it to others. Links are not followed. Does nothing
   * where there is no such directory.
   */
  public static void close(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) return;
    var left = new ArrayList<Path>();
    closeTree(directory.toRealPath(), left);
    if (!left.isEmpty()) say(left);
  }

  /**
   * A directory before its content, so that no other user can put a link in the place of a file.
   */
  private static void closeTree(Path path, List<Path> left) throws IOException {
    try {
      var attributes = attributes(path);
      if (attributes.isSymbolicLink()) return;
      if (!close(path, attributes)) left.add(path);
      if (!attributes.isDirectory() || !Files.isReadable(path)) return;
      for (var child : children(path)) closeTree(child, left);
    } catch (NoSuchFileException e) {
      log.trace("{} has gone meanwhile", path);
    }
  }

  private static List<Path> children(Path directory) throws IOException {
    try (var stream = Files.newDirectoryStream(directory)) {
      var all = new ArrayList<Path>();
      stream.forEach(all::add);
      return all;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /** Whether others are kept off {@code path} now. */
  private static boolean close(Path path, PosixFileAttributes attributes) throws IOException {
    var wanted = wanted(attributes);
    if (attributes.permissions().equals(wanted)) return true;
    if (mine(path)) {
      try {
        Files.setPosixFilePermissions(path, wanted);
      } catch (NoSuchFileException e) {
        throw e;
      } catch (FileSystemException e) {
        log.debug("The permissions of {} can't be changed", path, e);
      }
    }
    return (mode(path) & OPEN_TO_OTHERS) == 0; // some file systems accept and ignore it
  }

  private static Set<PosixFilePermission> wanted(PosixFileAttributes attributes) {
    if (attributes.isDirectory()) return DIRECTORY;
    return attributes.permissions().contains(OWNER_EXECUTE) ? PROGRAM : FILE;
  }

  private static void say(List<Path> open) {
    if (SAID.getAndSet(true)) return;
    log.warn(
        "Other users of this machine may use {}{}: its permissions can't be changed. Give all of data_dir to the user of the service, or name one on a file system that keeps permissions",
        open.get(0),
        open.size() == 1 ? "" : " and %d more like it".formatted(open.size() - 1));
  }

  /**
   * Looks for signs that another user may have changed {@code tree}: a file, link or directory that
   * belongs to one, or that one may write.
   *
   * @param tree a directory
   * @return what belongs to another user, else what others may write, else empty
   */
  public static Optional<Doubt> doubt(Path tree) throws IOException {
    Doubt writable = null;
    var left = new ArrayDeque<Path>();
    left.add(tree);
    while (!left.isEmpty()) {
      var path = left.remove();
      if (!mine(path)) return Optional.of(new Doubt(path, true)); // which may not be readable
      if (Files.isSymbolicLink(path)) continue; // everybody may write those, as it seems
      if (writable == null && (mode(path) & WRITABLE_BY_OTHERS) != 0) {
        writable = new Doubt(path, false);
      }
      if (Files.isDirectory(path)) left.addAll(children(path));
    }
    return Optional.ofNullable(writable);
  }

  /**
   * Whether any user may put something else in the place of what is in {@code directory}, or the
   * one that it belongs to, root and this one excepted. Its group is trusted: where each user has a
   * group of its own, directories are often its to write.
   */
  public static boolean replaceable(Path directory) throws IOException {
    var attributes = Files.readAttributes(directory, "unix:uid,mode");
    int owner = (Integer) Objects.requireNonNull(attributes.get("uid"));
    int mode = (Integer) Objects.requireNonNull(attributes.get("mode"));
    if (owner != user() && owner != 0) return true;
    return (mode & WRITABLE_BY_ALL) != 0 && (mode & STICKY) == 0;
  }

  /** Whether {@code file} is this user's, and closed to all others. */
  public static boolean isClosed(Path file) throws IOException {
    return mine(file) && (mode(file) & OPEN_TO_OTHERS) == 0;
  }

  private static PosixFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, PosixFileAttributes.class, NOFOLLOW_LINKS);
  }

  private static boolean mine(Path path) throws IOException {
    return (Integer) Files.getAttribute(path, "unix:uid", NOFOLLOW_LINKS) == user();
  }

  private static int mode(Path path) throws IOException {
    return (Integer) Files.getAttribute(path, "unix:mode", NOFOLLOW_LINKS);
  }
}
