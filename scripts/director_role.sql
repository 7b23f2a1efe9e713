-- The role `director`: it reads the views of the database in which this is run, and nothing else, and writes nothing.
-- `make director-role` runs it; by hand, as an administrator of the server:
--     psql -d NAME -f scripts/director_role.sql -c '\password director'
DO $$
DECLARE
    owner text;
BEGIN
    IF to_regrole('director') IS NULL THEN
        CREATE ROLE director;
    ELSIF EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = 'director' AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
    ) OR EXISTS (SELECT FROM pg_auth_members WHERE member = to_regrole('director')) THEN
        RAISE EXCEPTION 'there is a role director that may do more than read views';
    END IF;
    ALTER ROLE director LOGIN;
    EXECUTE format('ALTER ROLE director IN DATABASE %I SET default_transaction_read_only = on', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO director', current_database());
    -- Before version 15 everybody may create tables in the schema public; whoever owns ours must still be able to.
    IF has_schema_privilege('public', current_schema(), 'CREATE') THEN
        SELECT tableowner INTO owner FROM pg_tables
        WHERE schemaname = current_schema() AND tablename = 'optimization_runs';
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO %I', current_schema(), coalesce(owner, current_user));
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
    END IF;
END;
$$;

\ir db_schema/grants.sql
