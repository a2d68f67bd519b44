-- In the order of an erasure, which a node of the version before may make now. Readers of outcomes go on.
LOCK TABLE outcomes IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE canary_predictions IN ACCESS EXCLUSIVE MODE;

-- The runs of canaries, which all nodes share: a pair of releases, the outcomes known by now by the
-- release that predicted them, and why a run stopped. No run is deleted: a stop has to hold.
CREATE TABLE canary_runs (
  run          uuid        PRIMARY KEY,
  served       text        NOT NULL, -- ids of the releases
  shadow       text        NOT NULL,
  since        timestamptz NOT NULL,
  stopped      jsonb,                -- when, why and on what counts; null while it goes on
  over         boolean     NOT NULL DEFAULT false, -- an operator set the share to 0, and then to another
  both_right   bigint      NOT NULL DEFAULT 0,
  served_right bigint      NOT NULL DEFAULT 0, -- alone, as the next
  canary_right bigint      NOT NULL DEFAULT 0,
  none_right   bigint      NOT NULL DEFAULT 0
);

CREATE INDEX canary_runs_by_shadow ON canary_runs (shadow, since) WHERE NOT over;

-- Pairs of shipments of both releases by which of them failed, until the run is over.
CREATE TABLE canary_errors (
  run         uuid   NOT NULL,
  counter     uuid   NOT NULL, -- of one process, from where it takes the run up to where it leaves it
  canary_only bigint NOT NULL,
  served_only bigint NOT NULL,
  same        bigint NOT NULL,
  PRIMARY KEY (run, counter)
);

-- The run of these releases, begun where there is none. A stop is one of the shadow release, whatever
-- served beside it. `mine` is the run that the process knows, {"run","served","shadow","since",
-- "stopped","errors":{"canary_only","served_only","same"}}, or null, with its errors under `of_counter`;
-- `left_run` the one in which its share was set to 0, or null. Can be repeated.
CREATE FUNCTION canary_run(of_served text, of_shadow text, of_counter uuid, left_run uuid, mine jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  chosen canary_runs;
BEGIN
  PERFORM pg_advisory_xact_lock('canary_runs'::regclass::oid::bigint);
  IF mine->'stopped' <> 'null' THEN -- it may have stopped while this database was away, or before a restore
    INSERT INTO canary_runs (run, served, shadow, since, stopped)
    VALUES ((mine->>'run')::uuid, mine->>'served', mine->>'shadow', (mine->>'since')::timestamptz, mine->'stopped')
    ON CONFLICT (run) DO NOTHING;
    UPDATE canary_runs SET stopped = mine->'stopped' WHERE run = (mine->>'run')::uuid AND stopped IS NULL;
  END IF;
  WITH ended AS (
    UPDATE canary_runs SET over = true
    WHERE shadow = of_shadow AND NOT over AND since <= (SELECT since FROM canary_runs WHERE run = left_run)
    RETURNING run
  )
  DELETE FROM canary_errors AS counted USING ended WHERE counted.run = ended.run;
  INSERT INTO canary_errors AS counted
  SELECT known.run, of_counter, pairs.canary_only, pairs.served_only, pairs.same
  FROM canary_runs AS known,
       jsonb_to_record(mine->'errors') AS pairs(canary_only bigint, served_only bigint, same bigint)
  WHERE known.run = (mine->>'run')::uuid AND NOT known.over
    AND pairs.canary_only + pairs.served_only + pairs.same > 0
  ON CONFLICT (run, counter) DO UPDATE
  SET (canary_only, served_only, same) = (excluded.canary_only, excluded.served_only, excluded.same)
  WHERE (counted.canary_only, counted.served_only, counted.same)
     <> (excluded.canary_only, excluded.served_only, excluded.same);

  SELECT * INTO chosen FROM canary_runs
  WHERE shadow = of_shadow AND NOT over AND (served = of_served OR stopped IS NOT NULL)
  ORDER BY (stopped IS NOT NULL) DESC, since DESC
  LIMIT 1;
  IF NOT FOUND THEN
    INSERT INTO canary_runs (run, served, shadow, since)
    VALUES (gen_random_uuid(), of_served, of_shadow, date_trunc('milliseconds', clock_timestamp()))
    RETURNING * INTO chosen;
  END IF;
  RETURN to_jsonb(chosen) || (
    SELECT jsonb_build_object('others', jsonb_build_object(
             'canary_only', coalesce(sum(canary_only), 0),
             'served_only', coalesce(sum(served_only), 0),
             'same', coalesce(sum(same), 0)))
    FROM canary_errors WHERE run = chosen.run AND counter IS DISTINCT FROM of_counter);
END
$$;

ALTER TABLE canary_predictions
  ADD COLUMN run      uuid, -- null where none is of these releases
  ADD COLUMN right_by text; -- both, served, canary or none; null without a known outcome

DROP INDEX canary_predictions_by_releases;

-- Judges these predictions of canaries by their outcomes as they are now, and moves the counts of their
-- runs by what has changed. One transaction at a time, up to its commit: an outcome and the prediction
-- that it is of, which come at the same time, would miss each other.
CREATE FUNCTION canary_judge(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF ids IS NULL THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock('outcome_counts'::regclass::oid::bigint);
  WITH judged AS (
    SELECT sent.prediction_id, sent.predicted_at, sent.right_by AS before,
           CASE WHEN told.cp IS NULL THEN NULL
                WHEN of.served_cp IS NULL THEN CASE told.result WHEN 'right' THEN 'both' ELSE 'none' END
                WHEN told.cp = of.served_cp THEN 'served'
                WHEN told.cp = of.shadow_cp THEN 'canary'
                ELSE 'none' END AS after
    FROM canary_predictions AS sent
    LEFT JOIN prediction_disagreements AS of USING (prediction_id, predicted_at)
    -- People review what the canary showed them, and doubtful shipments only.
    LEFT JOIN outcomes AS told
      ON told.shipment_id = sent.shipment_id AND told.prediction_id = sent.prediction_id AND told.delivered
    WHERE sent.prediction_id = ANY (ids) AND sent.run IS NOT NULL
  ), changed AS (
    UPDATE canary_predictions AS sent SET right_by = after
    FROM judged
    WHERE sent.prediction_id = judged.prediction_id AND sent.predicted_at = judged.predicted_at
      AND after IS DISTINCT FROM before
    RETURNING sent.run, before, after
  ), moved AS (
    SELECT run,
           count(*) FILTER (WHERE after = 'both') - count(*) FILTER (WHERE before = 'both') AS both_right,
           count(*) FILTER (WHERE after = 'served') - count(*) FILTER (WHERE before = 'served') AS served_right,
           count(*) FILTER (WHERE after = 'canary') - count(*) FILTER (WHERE before = 'canary') AS canary_right,
           count(*) FILTER (WHERE after = 'none') - count(*) FILTER (WHERE before = 'none') AS none_right
    FROM changed GROUP BY run
  )
  UPDATE canary_runs AS counted
  SET both_right = counted.both_right + moved.both_right,
      served_right = counted.served_right + moved.served_right,
      canary_right = counted.canary_right + moved.canary_right,
      none_right = counted.none_right + moved.none_right
  FROM moved WHERE counted.run = moved.run;
END
$$;

-- Follows outcomes as they come and are corrected. One that expires or is erased keeps its count.
CREATE FUNCTION outcomes_judge_canary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM canary_judge((SELECT array_agg(prediction_id) FROM came WHERE prediction_id IS NOT NULL));
  ELSE
    PERFORM canary_judge((
      SELECT array_agg(prediction_id)
      FROM (SELECT prediction_id FROM came UNION SELECT prediction_id FROM went) AS both_times
      WHERE prediction_id IS NOT NULL));
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER outcomes_inserted_judge_canary AFTER INSERT ON outcomes
  REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION outcomes_judge_canary();

CREATE TRIGGER outcomes_updated_judge_canary AFTER UPDATE ON outcomes
  REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION outcomes_judge_canary();

CREATE FUNCTION canary_predictions_judge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM canary_judge((SELECT array_agg(prediction_id) FROM came));
  RETURN NULL;
END
$$;

CREATE TRIGGER canary_predictions_inserted AFTER INSERT ON canary_predictions
  REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION canary_predictions_judge();
