-- In the order of an erasure, which a node of the version before may make now. Readers go on.
LOCK TABLE outcomes IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE review_claims IN SHARE ROW EXCLUSIVE MODE;

-- An erasure locks erased_shipments, then rows. The triggers for rows lock it when theirs is locked
-- already, so that the two could wait for each other: these lock it first.
CREATE FUNCTION erasures_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE erased_shipments IN ROW SHARE MODE;
  RETURN NULL;
END
$$;

CREATE TRIGGER outcomes_erasures_first BEFORE UPDATE OR DELETE ON outcomes
  FOR EACH STATEMENT EXECUTE FUNCTION erasures_first();

CREATE TRIGGER claims_erasures_first BEFORE UPDATE OR DELETE ON review_claims
  FOR EACH STATEMENT EXECUTE FUNCTION erasures_first();

-- Erases a shipment, and says how many rows it had, which addresses, and up to which time
-- (milliseconds since 1970) its rows are not stored any more: never before that of an earlier erasure,
-- which a node with another clock may have made.
CREATE OR REPLACE FUNCTION erase_shipment(id text, at timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  addresses jsonb := '[]';
  erased    jsonb := '{}';
  gone      bigint;
  typed     jsonb;
  until     timestamptz;
BEGIN
  -- Waits for inserts that don't see the erasure, and makes others wait until they do.
  PERFORM set_config('lock_timeout', '2s', true);
  LOCK TABLE erased_shipments IN EXCLUSIVE MODE; -- which readers, such as pg_dump, neither block nor wait for
  until := least(greatest(clock_timestamp(), at), clock_timestamp() + interval '1 minute'); -- a node's clock may be ahead
  INSERT INTO erased_shipments AS before VALUES (sha256(convert_to(id, 'UTF8')), until)
  ON CONFLICT (shipment) DO UPDATE SET erased_at = greatest(before.erased_at, excluded.erased_at)
  RETURNING erased_at INTO until;

  WITH rows AS (DELETE FROM predictions WHERE shipment_id = id RETURNING address)
  SELECT count(*), coalesce(jsonb_agg(DISTINCT address), '[]') INTO gone, typed FROM rows;
  erased := erased || jsonb_build_object('predictions', gone);
  addresses := addresses || typed;

  WITH rows AS (DELETE FROM refusals WHERE shipment_id = id RETURNING address)
  SELECT count(*), coalesce(jsonb_agg(DISTINCT address), '[]') INTO gone, typed FROM rows;
  erased := erased || jsonb_build_object('refusals', gone);
  addresses := addresses || typed;

  WITH rows AS (DELETE FROM prediction_rejects WHERE prediction->>'shipment_id' = id
                RETURNING prediction->>'address' AS address)
  SELECT count(*), coalesce(jsonb_agg(DISTINCT address), '[]') INTO gone, typed FROM rows;
  erased := erased || jsonb_build_object('rejects', gone);
  addresses := addresses || typed;

  DELETE FROM outcomes WHERE shipment_id = id; -- and from their counts, by a trigger
  GET DIAGNOSTICS gone = ROW_COUNT;
  erased := erased || jsonb_build_object('outcomes', gone);

  DELETE FROM prediction_disagreements WHERE shipment_id = id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  erased := erased || jsonb_build_object('disagreements', gone);

  DELETE FROM canary_predictions WHERE shipment_id = id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  erased := erased || jsonb_build_object('canary_predictions', gone);

  DELETE FROM review_claims WHERE shipment_id = id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  erased := erased || jsonb_build_object('review_claims', gone);

  RETURN jsonb_build_object('erased', erased, 'addresses', addresses,
                            'until', floor(extract(epoch FROM until) * 1000)::bigint);
END
$$;
