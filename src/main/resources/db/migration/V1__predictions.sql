CREATE TABLE predictions (
  prediction_id uuid             NOT NULL,
  predicted_at  timestamptz      NOT NULL, -- the time inside the id, so that a repeated id meets itself
  shipment_id   text             NOT NULL,
  address       text             NOT NULL, -- as typed
  pincode       text,
  prefix        text             NOT NULL,
  cp            text             NOT NULL,
  confidence    double precision NOT NULL,
  alternatives  jsonb            NOT NULL,
  fingerprint   text             NOT NULL,
  source        text             NOT NULL,
  stored_at     timestamptz      NOT NULL DEFAULT now(),
  PRIMARY KEY (prediction_id, predicted_at)
) PARTITION BY RANGE (predicted_at);

CREATE INDEX predictions_by_shipment
  ON predictions (shipment_id, predicted_at DESC, prediction_id DESC);

CREATE TABLE predictions_default PARTITION OF predictions DEFAULT;

-- Rows that PostgreSQL refused, for a person to look at.
CREATE TABLE prediction_rejects (
  prediction_id uuid        PRIMARY KEY,
  prediction    jsonb       NOT NULL,
  error         text        NOT NULL,
  sqlstate      text        NOT NULL,
  rejected_at   timestamptz NOT NULL DEFAULT now()
);

-- Makes the partition of one month in UTC, unless it is there. Rows of that month that went to the
-- default partition move along: a partition can't be attached while they are in the other one.
CREATE FUNCTION predictions_partition(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name  text        := 'predictions_' || to_char(month, 'YYYY_MM');
  lower timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  upper timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
  IF to_regclass(name) IS NOT NULL THEN
    RETURN;
  END IF;
  LOCK TABLE predictions IN SHARE ROW EXCLUSIVE MODE; -- inserts wait, reads don't
  IF to_regclass(name) IS NOT NULL THEN -- another node was faster
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE predictions INCLUDING ALL)', name);
  EXECUTE format(
    'WITH moved AS (DELETE FROM predictions_default WHERE predicted_at >= %L AND predicted_at < %L RETURNING *)
     INSERT INTO %I SELECT * FROM moved',
    lower, upper, name);
  EXECUTE format(
    'ALTER TABLE predictions ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, lower, upper);
END
$$;
