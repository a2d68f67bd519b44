-- Shipments that were erased, by the SHA-256 of their ids: rows about them that wait in the journal or
-- in the memory of a node must not come back.
CREATE TABLE erased_shipments (
  shipment  bytea       PRIMARY KEY,
  erased_at timestamptz NOT NULL
);

CREATE INDEX erased_shipments_by_time ON erased_shipments (erased_at);

-- Whether rows that are this old may be of an erased shipment. In transactions that insert it holds the
-- lock that an erasure waits for.
CREATE FUNCTION erased_since(earliest timestamptz) RETURNS boolean LANGUAGE sql AS $$
  SELECT coalesce((SELECT max(erased_at) FROM erased_shipments) >= earliest, false)
$$;

CREATE FUNCTION is_erased(id text, at timestamptz) RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT FROM erased_shipments
                 WHERE shipment = sha256(convert_to(id, 'UTF8')) AND erased_at >= at)
$$;

CREATE FUNCTION predictions_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF erased_since((SELECT min(predicted_at) FROM came)) THEN
    DELETE FROM predictions USING came
    WHERE predictions.prediction_id = came.prediction_id AND predictions.predicted_at = came.predicted_at
      AND is_erased(came.shipment_id, came.predicted_at);
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER predictions_not_erased AFTER INSERT ON predictions
  REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION predictions_not_erased();

CREATE FUNCTION refusals_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF erased_since((SELECT min(refused_at) FROM came)) THEN
    DELETE FROM refusals USING came
    WHERE refusals.refusal_id = came.refusal_id AND is_erased(came.shipment_id, came.refused_at);
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER refusals_not_erased AFTER INSERT ON refusals
  REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION refusals_not_erased();

CREATE FUNCTION rejects_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz := coalesce(NEW.prediction->>'predicted_at', NEW.prediction->>'refused_at')::timestamptz;
BEGIN
  IF erased_since(at) AND is_erased(NEW.prediction->>'shipment_id', at) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER rejects_not_erased BEFORE INSERT ON prediction_rejects
  FOR EACH ROW EXECUTE FUNCTION rejects_not_erased();

-- Of disagreements and of predictions of the shadow release.
CREATE FUNCTION comparisons_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF erased_since(NEW.predicted_at) AND is_erased(NEW.shipment_id, NEW.predicted_at) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER disagreements_not_erased BEFORE INSERT ON prediction_disagreements
  FOR EACH ROW EXECUTE FUNCTION comparisons_not_erased();

CREATE TRIGGER canary_predictions_not_erased BEFORE INSERT ON canary_predictions
  FOR EACH ROW EXECUTE FUNCTION comparisons_not_erased();

-- Of outcomes and reviews, which a request under way may store behind the erasure.
CREATE FUNCTION outcomes_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF erased_since(NEW.reported_at) AND is_erased(NEW.shipment_id, NEW.reported_at) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER outcomes_not_erased BEFORE INSERT OR UPDATE ON outcomes
  FOR EACH ROW EXECUTE FUNCTION outcomes_not_erased();

CREATE FUNCTION claims_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF erased_since(NEW.claimed_at) AND is_erased(NEW.shipment_id, NEW.claimed_at) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER claims_not_erased BEFORE INSERT OR UPDATE ON review_claims
  FOR EACH ROW EXECUTE FUNCTION claims_not_erased();

CREATE INDEX prediction_rejects_by_shipment ON prediction_rejects ((prediction->>'shipment_id'));

-- Erases a shipment, and says how many rows it had and which addresses.
CREATE FUNCTION erase_shipment(id text, at timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  addresses jsonb := '[]';
  erased    jsonb := '{}';
  gone      bigint;
  typed     jsonb;
BEGIN
  -- Waits for inserts that don't see the erasure, and makes others wait until they do.
  PERFORM set_config('lock_timeout', '2s', true);
  LOCK TABLE erased_shipments IN ACCESS EXCLUSIVE MODE;
  INSERT INTO erased_shipments VALUES (sha256(convert_to(id, 'UTF8')), 
    least(greatest(clock_timestamp(), at), clock_timestamp() + interval '1 minute')) -- a node's clock may be ahead
  ON CONFLICT (shipment) DO UPDATE SET erased_at = excluded.erased_at;

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

  RETURN jsonb_build_object('erased', erased, 'addresses', addresses);
END
$$;
