package com.cpprediction.chaos;

/** When a request was sent. */
enum Phase {
  BEFORE,
  DURING,
  AFTER
}
