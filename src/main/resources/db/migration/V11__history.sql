-- What a node did in a minute. A process that starts again within a minute has a row of its own, so
-- that the same row can be sent twice and no minute is lost.
CREATE TABLE service_minutes (
  minute           timestamptz NOT NULL,
  node             text        NOT NULL,
  started          timestamptz NOT NULL, -- of the process
  seconds          real        NOT NULL, -- that the row covers, less than 60 after a start and before a stop
  from_model       bigint      NOT NULL, -- predictions
  from_cache       bigint      NOT NULL,
  caller_failures  bigint      NOT NULL, -- answered with 4xx
  service_failures bigint      NOT NULL, -- answered with 5xx
  failures         jsonb       NOT NULL, -- both by code
  shed             bigint      NOT NULL,
  cache_hits       bigint      NOT NULL,
  cache_misses     bigint      NOT NULL,
  corrected        bigint      NOT NULL,
  doubts           bigint      NOT NULL, -- predictions with a pincode
  doubt_sum        float8      NOT NULL,
  confidence_sum   float8      NOT NULL,
  confidences      bigint[],             -- predictions by confidence: upper bounds 0.1 to 0.9, 0.95, 0.99, 1
  model_times      bigint[],             -- predictions by time: upper bounds of 10, 20, 30, 50, 75 µs, of ten
  cache_times      bigint[],             -- times that and so on up to 10 s, and beyond; null where none was
  loop_times       bigint[],             -- delays of timers on the event loops, in the same buckets
  journal_bytes    bigint      NOT NULL, -- from here on at the end of the minute
  queued_rows      bigint      NOT NULL,
  pool_in_use      integer     NOT NULL,
  pool_waiting     integer     NOT NULL,
  in_flight        integer     NOT NULL,
  heap_bytes       bigint      NOT NULL,
  resident_bytes   bigint      NOT NULL, -- 0 where the machine doesn't tell
  PRIMARY KEY (minute, node, started)
);

-- Starts, stops, reloads, promotions, rollbacks and edits of the configuration.
CREATE TABLE service_marks (
  at   timestamptz NOT NULL,
  node text        NOT NULL,
  kind text        NOT NULL,
  text text        NOT NULL,
  PRIMARY KEY (at, node, kind)
);

CREATE INDEX outcomes_by_prefix ON outcomes (prefix, reported_at);
