package com.cpprediction.chaos;

/** What a client knows of a request afterwards. */
enum RequestOutcome {
  /** Answered: there is exactly one row, with this answer. */
  OK,
  /** A 4xx or a 503, or never sent: there is no row. */
  REFUSED,
  /** A time-out, a 504 or a broken connection: there is one row or none. */
  UNKNOWN
}
