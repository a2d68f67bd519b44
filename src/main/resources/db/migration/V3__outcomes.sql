-- What truly happened, one row for each shipment, and what had been predicted for it.
CREATE TABLE outcomes (
  shipment_id   text        PRIMARY KEY,
  cp            text        NOT NULL, -- where it truly went
  reported_at   timestamptz NOT NULL,
  result        text        NOT NULL, -- right, alternative, wrong or unknown
  prediction_id uuid,                 -- from here on null where no prediction is stored (yet)
  predicted     text,
  prefix        text,
  fingerprint   text,
  look_at       timestamptz,          -- when to look for the prediction again
  CHECK ((prediction_id IS NULL) = (result = 'unknown')),
  CHECK ((prediction_id IS NULL) = (look_at IS NOT NULL))
);

CREATE INDEX outcomes_unmatched ON outcomes (look_at) WHERE look_at IS NOT NULL;

CREATE INDEX outcomes_by_time ON outcomes (reported_at);

-- How many there are of each kind, so that nobody has to count them: a day (UTC) of a model is a row
-- or a few. Without a prediction the prefix and the fingerprint are empty.
CREATE TABLE outcome_counts (
  day         date   NOT NULL,
  prefix      text   NOT NULL,
  fingerprint text   NOT NULL,
  result      text   NOT NULL,
  outcomes    bigint NOT NULL,
  PRIMARY KEY (day, prefix, fingerprint, result)
);

-- Follows every change of `outcomes`, whoever makes it. One transaction at a time, up to its commit:
-- two that update the same counts in another order would wait for each other.
CREATE FUNCTION outcomes_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock('outcome_counts'::regclass::oid::bigint);
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO outcome_counts AS counts
    SELECT (reported_at AT TIME ZONE 'UTC')::date, coalesce(prefix, ''), coalesce(fingerprint, ''), result, count(*)
    FROM came GROUP BY 1, 2, 3, 4
    ON CONFLICT (day, prefix, fingerprint, result) DO UPDATE SET outcomes = counts.outcomes + excluded.outcomes;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    UPDATE outcome_counts AS counts SET outcomes = counts.outcomes - less.outcomes
    FROM (SELECT (reported_at AT TIME ZONE 'UTC')::date AS day, coalesce(prefix, '') AS prefix,
                 coalesce(fingerprint, '') AS fingerprint, result, count(*) AS outcomes
          FROM went GROUP BY 1, 2, 3, 4) AS less
    WHERE (counts.day, counts.prefix, counts.fingerprint, counts.result)
        = (less.day, less.prefix, less.fingerprint, less.result);
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER outcomes_inserted AFTER INSERT ON outcomes
  REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION outcomes_count();

CREATE TRIGGER outcomes_updated AFTER UPDATE ON outcomes
  REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION outcomes_count();

CREATE TRIGGER outcomes_deleted AFTER DELETE ON outcomes
  REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION outcomes_count();
