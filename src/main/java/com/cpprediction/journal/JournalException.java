package com.cpprediction.journal;

import com.cpprediction.common.UserFacingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.regex.Pattern;

/** The journal can't be written or read, and why. */
public final class JournalException extends UserFacingException {
  private static final long serialVersionUID = 1;

  /** Paths are removed from messages, because responses to callers contain them. */
  private static final Pattern PATH = Pattern.compile("(^|[\\s'\"(])/[^\\s'\")]*[^\\s'\"):,;.]");

  JournalException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Classifies {@code cause} by its message, since the JDK has no types for most of these. */
  static JournalException of(Throwable cause) {
    for (var e = cause; e != null; e = e.getCause()) {
      if (e instanceof JournalException known) return known;
      var text = String.valueOf(e.getMessage());
      if (text.contains("No space left") || text.contains("quota exceeded")) {
        return new JournalException("The disk of the journal is full", cause);
      }
      if (e instanceof AccessDeniedException
          || e instanceof ReadOnlyFileSystemException
          || text.contains("Read-only file system")
          || text.contains("Permission denied")) {
        return new JournalException("The directory of the journal can't be written", cause);
      }
    }
    return new JournalException("The journal can't be written: " + deepest(cause), cause);
  }

  private static String deepest(Throwable cause) {
    var e = cause;
    while (e.getCause() != null) e = e.getCause();
    return PATH.matcher(String.valueOf(e.getMessage())).replaceAll("$1(a file)");
  }
}
