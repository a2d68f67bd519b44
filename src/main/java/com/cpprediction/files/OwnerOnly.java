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
 * Creates files and directories that only this process's user may access, regardless of the umask:
 * directories and programs 0700, files 0600. Where permissions can't be set, because a file belongs
 * to another user or the file system has no permissions, one warning is logged and the operation
 * continues. Thread-safe; blocks.
 */
public final class OwnerOnly {
  /**
   * A path that another user may have changed.
   *
   * @param foreignOwner whether {@code path} belongs to another user; otherwise others may write it
   */
  public record Suspect(Path path, boolean foreignOwner) {}

  private static final Logger log = LoggerFactory.getLogger(OwnerOnly.class);
  private static final Set<PosixFilePermission> DIRECTORY =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> PROGRAM = DIRECTORY;
  private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");

  // Bits of a file's mode, from sys/stat.h.
  private static final int OPEN_TO_OTHERS = 0077;
  private static final int WRITABLE_BY_OTHERS = 0022;
  private static final int WRITABLE_BY_ALL = 0002;
  private static final int STICKY = 01000;

  private static final long USER = new UnixSystem().getUid();

  private static final AtomicBoolean WARNED = new AtomicBoolean();

  private OwnerOnly() {}

  /** The user id of this process; 0 is root. */
  public static long user() {
    return USER;
  }

  /**
   * Creates {@code directory} and its missing parents. Restricts an existing directory to this
   * user, but not its content.
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
    if (!close(real, attributes(real))) warnOnce(List.of(real));
    return directory;
  }

  /** Creates an empty file where absent, and restricts it to this user. */
  public static Path createFile(Path file) throws IOException {
    try {
      Files.createFile(file, PosixFilePermissions.asFileAttribute(FILE));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isRegularFile(file)) throw e;
    }
    if (!close(file, attributes(file))) warnOnce(List.of(file));
    return file;
  }

  /**
   * Restricts {@code directory} and everything in it to this user, without following links. Does
   * nothing when the directory is absent.
   */
  public static void close(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) return;
    var left = new ArrayList<Path>();
    closeTree(directory.toRealPath(), left);
    if (!left.isEmpty()) warnOnce(left);
  }

  /** Closes a directory before its content, so that no other user can replace a file by a link. */
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

  /** Restricts {@code path}; returns whether other users have no access now. */
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
    return (mode(path) & OPEN_TO_OTHERS) == 0; // some file systems ignore the call
  }

  private static Set<PosixFilePermission> wanted(PosixFileAttributes attributes) {
    if (attributes.isDirectory()) return DIRECTORY;
    return attributes.permissions().contains(OWNER_EXECUTE) ? PROGRAM : FILE;
  }

  private static void warnOnce(List<Path> paths) {
    if (WARNED.getAndSet(true)) return;
    log.warn(
        "Other users of this machine may use {}{}: its permissions can't be changed. Give all of data_dir to the user of the service, or name one on a file system that keeps permissions",
        paths.get(0),
        paths.size() == 1 ? "" : " and %d more like it".formatted(paths.size() - 1));
  }

  /**
   * Searches {@code tree} for a file, link or directory that another user owns or may write.
   *
   * @param tree a directory
   * @return a path of another user, else one that others may write, else empty
   */
  public static Optional<Suspect> findSuspect(Path tree) throws IOException {
    Suspect writable = null;
    var left = new ArrayDeque<Path>();
    left.add(tree);
    while (!left.isEmpty()) {
      var path = left.remove();
      if (!mine(path))
        return Optional.of(new Suspect(path, true)); // its children may be unreadable
      if (Files.isSymbolicLink(path)) continue; // its own mode is always 0777
      if (writable == null && (mode(path) & WRITABLE_BY_OTHERS) != 0) {
        writable = new Suspect(path, false);
      }
      if (Files.isDirectory(path)) left.addAll(children(path));
    }
    return Optional.ofNullable(writable);
  }

  /**
   * Whether a user other than root and this one may replace the entries of {@code directory}, as
   * its owner or because all users may write it. The group is trusted: with per-user groups,
   * directories are often group-writable.
   */
  public static boolean replaceable(Path directory) throws IOException {
    var attributes = Files.readAttributes(directory, "unix:uid,mode");
    int owner = (Integer) Objects.requireNonNull(attributes.get("uid"));
    int mode = (Integer) Objects.requireNonNull(attributes.get("mode"));
    if (owner != user() && owner != 0) return true;
    return (mode & WRITABLE_BY_ALL) != 0 && (mode & STICKY) == 0;
  }

  /** Whether {@code file} belongs to this user and no other user has access. */
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
