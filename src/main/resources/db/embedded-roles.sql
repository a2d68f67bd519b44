-- Run by the superuser of the embedded server before each start, while it does not listen.
-- Statements end with a semicolon and an empty line. :role and :password are put in before.
-- The role may make operators and functions in public: none of them may stand in for the system's.
SET search_path = pg_catalog;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ':role') THEN
    CREATE ROLE :role;
  END IF;
END
$$;

ALTER ROLE :role LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT -1
  VALID UNTIL 'infinity' PASSWORD ':password';

ALTER ROLE postgres PASSWORD NULL;

ALTER DATABASE postgres OWNER TO :role;

-- All that the superuser made here before there was the role. REASSIGN OWNED refuses, since the
-- system itself is the superuser's, too.
DO $$
DECLARE
  change text;
BEGIN
  FOR change IN
    SELECT format('ALTER SCHEMA %I OWNER TO :role', nspname)
    FROM pg_namespace
    WHERE nspowner = 10 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL
    SELECT format('ALTER %s %s OWNER TO :role',
                  CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                               WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
                  pg_class.oid::regclass)
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relowner = 10 AND relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
      AND nspname !~ '^pg_' AND nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend -- of an extension, or a sequence that goes with its table
                      WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                        AND (deptype = 'e' OR relkind = 'S' AND deptype IN ('a', 'i')))
    UNION ALL
    SELECT format('ALTER ROUTINE %s OWNER TO :role', pg_proc.oid::regprocedure)
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE proowner = 10 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend
                      WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
  LOOP
    EXECUTE change;
  END LOOP;
END
$$;

