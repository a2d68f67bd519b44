-- Who says where a shipment truly went: a report of its delivery, or a person who reviewed its address.
ALTER TABLE outcomes
  ADD COLUMN origin text NOT NULL DEFAULT 'report' CHECK (origin IN ('report', 'review')),
  ADD COLUMN author text NOT NULL DEFAULT '', -- the name of the caller, by its token
  ADD COLUMN delivered boolean NOT NULL DEFAULT true; -- false of a review that no report has confirmed yet

-- As before, but for reviews: people review doubtful shipments, so that these would lower the live
-- accuracy of all. They count once a report of a delivery confirms them.
CREATE OR REPLACE FUNCTION outcomes_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock('outcome_counts'::regclass::oid::bigint);
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO outcome_counts AS counts
    SELECT (reported_at AT TIME ZONE 'UTC')::date, coalesce(prefix, ''), coalesce(fingerprint, ''), result, count(*)
    FROM came WHERE delivered GROUP BY 1, 2, 3, 4
    ON CONFLICT (day, prefix, fingerprint, result) DO UPDATE SET outcomes = counts.outcomes + excluded.outcomes;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    UPDATE outcome_counts AS counts SET outcomes = counts.outcomes - less.outcomes
    FROM (SELECT (reported_at AT TIME ZONE 'UTC')::date AS day, coalesce(prefix, '') AS prefix,
                 coalesce(fingerprint, '') AS fingerprint, result, count(*) AS outcomes
          FROM went WHERE delivered GROUP BY 1, 2, 3, 4) AS less
    WHERE (counts.day, counts.prefix, counts.fingerprint, counts.result)
        = (less.day, less.prefix, less.fingerprint, less.result);
  END IF;
  RETURN NULL;
END
$$;

-- Valid shipments that were refused as pincode-required, without a CP.
CREATE TABLE refusals (
  refusal_id    uuid             PRIMARY KEY,
  refused_at    timestamptz      NOT NULL, -- the time inside the id
  shipment_id   text             NOT NULL,
  address       text             NOT NULL, -- as typed
  pincode_field text,                      -- as sent, in six digits; null where none was
  detail        text             NOT NULL, -- why, as the caller was told
  prefix        text,                      -- of the best guess; null where no model was asked
  confidence    double precision NOT NULL, -- of the best guess; 0 without one
  guesses       jsonb            NOT NULL,
  pincode_doubt real,
  fingerprint   text,
  stored_at     timestamptz      NOT NULL DEFAULT now()
);

CREATE INDEX refusals_by_shipment ON refusals (shipment_id, refusal_id);

CREATE INDEX refusals_by_time ON refusals (stored_at);

CREATE INDEX refusals_worst ON refusals (confidence, refusal_id);

-- The rows that may be doubtful, whatever review.below and review.doubt are: queries repeat this
-- condition word for word, so that these indexes serve them. Ids ascend with time.
CREATE INDEX predictions_doubtful ON predictions (prediction_id)
  WHERE confidence < 0.95 OR pincode_doubt > 0.05 OR prefix_source = 'corrected';

CREATE INDEX predictions_worst ON predictions (confidence, prediction_id)
  WHERE confidence < 0.95 OR pincode_doubt > 0.05 OR prefix_source = 'corrected';

CREATE INDEX predictions_worst_of_prefix ON predictions (prefix, confidence, prediction_id)
  WHERE confidence < 0.95 OR pincode_doubt > 0.05 OR prefix_source = 'corrected';

-- Shipments that a person has before them, each for one person at a time, and those that were skipped.
CREATE TABLE review_claims (
  shipment_id text        PRIMARY KEY,
  claimed_by  text        NOT NULL, -- the name of the caller, by its token
  desk        text        NOT NULL, -- the browser, as it names itself
  claimed_at  timestamptz NOT NULL,
  until       timestamptz NOT NULL, -- then anybody may have it
  skipped_by  text[]      NOT NULL DEFAULT '{}'
);

CREATE INDEX review_claims_by_desk ON review_claims (claimed_by, desk);
