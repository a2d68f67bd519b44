-- Drops the partitions whose months ended more than `days` days before `moment`, deletes what of those
-- months is in the default partition, and rejects of that age. Returns the partitions dropped.
CREATE FUNCTION predictions_retain(days integer, moment timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  oldest timestamptz := moment - make_interval(days => days);
  month  timestamptz := date_trunc('month', oldest AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  part   record;
BEGIN
  IF NOT pg_try_advisory_xact_lock('predictions'::regclass::oid::bigint) THEN -- another node is at it
    RETURN;
  END IF;
  FOR part IN
    SELECT name, substring(bound FROM 'TO \(''([^'']+)''\)')::timestamptz AS upper
    FROM (SELECT c.oid::regclass::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
          FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
          WHERE inhparent = 'predictions'::regclass) AS partitions
    ORDER BY upper
  LOOP
    IF part.upper <= month THEN -- null for the default partition
      EXECUTE 'DROP TABLE ' || part.name;
      RETURN NEXT part.name;
    END IF;
  END LOOP;
  DELETE FROM predictions_default WHERE predicted_at < month;
  DELETE FROM prediction_rejects WHERE rejected_at < oldest;
END
$$;
