package com.cpprediction.postgres;

import com.cpprediction.common.UserFacingException;

/** The database can't hold all letters: its encoding isn't UTF8. */
public final class EncodingException extends UserFacingException {
  /**
   * @param encoding of the database, as PostgreSQL names it
   */
  public EncodingException(String encoding) {
    super(
        "The encoding of the database is %s, which can't hold every address; create it with ENCODING 'UTF8' TEMPLATE template0, and name that one in database.uri"
            .formatted(encoding),
        false);
  }
}
