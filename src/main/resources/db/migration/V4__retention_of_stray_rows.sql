-- As before, but for rows in the default partition: the month in their id may be wrong, as of a node
-- whose clock stood at 1970, so they go by the time when they were stored.
CREATE OR REPLACE FUNCTION predictions_retain(days integer, moment timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
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
  DELETE FROM predictions_default WHERE stored_at < month;
  DELETE FROM prediction_rejects WHERE rejected_at < oldest;
END
$$;

-- The first days of the months around `moment` whose partitions are to be there: the one before, as an
-- id may be a day old, to the next two, without those that predictions_retain would drop again. With
-- 0 days it drops none.
CREATE FUNCTION predictions_months(days integer, moment timestamptz) RETURNS SETOF date LANGUAGE sql STABLE AS $$
  SELECT month::date
  FROM generate_series(-1, 2) AS n,
       LATERAL (SELECT date_trunc('month', moment AT TIME ZONE 'UTC') + make_interval(months => n) AS month) AS months
  WHERE days = 0
     OR month + interval '1 month' > date_trunc('month', (moment - make_interval(days => days)) AT TIME ZONE 'UTC')
  ORDER BY 1
$$;
