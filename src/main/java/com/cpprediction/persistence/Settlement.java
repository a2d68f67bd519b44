package com.cpprediction.persistence;

/** Final state of a row. */
enum Settlement {
  /** In PostgreSQL, new or as a duplicate. */
  STORED,
  /** Set aside: PostgreSQL rejects a value. */
  REFUSED,
  /** Set aside: the id belongs to another shipment. */
  TAKEN
}
