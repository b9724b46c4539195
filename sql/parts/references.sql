-- References between configuration tables, in whatever order their rows are restored.
--
-- An extension's foreign keys are there before its rows, and pg_dump's archive says of no table's rows that another's
-- come first; so pg_restore with several jobs, or a list of one's own, would lose calendars and policies.  Hence the
-- referring side is checked by a trigger that, as function bodies are, is let through where check_function_bodies is
-- off: pg_dump sets it so for what it restores.  The referenced side stays with the foreign key.
CREATE FUNCTION service_policy._check_reference() RETURNS trigger
    -- Its owner's rights, as a foreign key's own check: who may write the one table need not be granted the other.
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    referenced constant text := TG_ARGV[0];
    value constant text := to_jsonb(NEW) ->> TG_ARGV[1];
    exists boolean;
BEGIN
    IF value IS NULL OR NOT current_setting('check_function_bodies')::boolean THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT true FROM service_policy.%I WHERE %I = $1 FOR KEY SHARE', referenced, TG_ARGV[2])
       INTO exists USING value;
    IF exists IS NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'foreign_key_violation',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[3],
            MESSAGE = format('%s "%s" does not exist', referenced, value),
            DETAIL = format('%s.%s refers to it.', TG_TABLE_NAME, TG_ARGV[1]),
            HINT = format('Insert it into service_policy.%s first.', referenced);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION service_policy._check_reference() IS
    'Trigger of configuration tables: what a row refers to exists, unless rows are being restored';

DO $$
DECLARE
    reference record;
    internal name;
BEGIN
    FOR reference IN
        SELECT c.oid, c.conname, c.conrelid::regclass AS referring, c.confrelid, r.relname AS referenced,
               a.attname AS referring_column, b.attname AS referenced_column
          FROM pg_catalog.pg_constraint c
          JOIN pg_catalog.pg_class r ON r.oid = c.confrelid
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
          JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
         WHERE c.contype = 'f' AND c.connamespace = 'service_policy'::pg_catalog.regnamespace
    LOOP
        FOR internal IN
            SELECT tgname FROM pg_catalog.pg_trigger
             WHERE tgconstraint = reference.oid AND tgrelid = reference.referring
        LOOP
            EXECUTE pg_catalog.format('ALTER TABLE %s DISABLE TRIGGER %I', reference.referring, internal);
        END LOOP;
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OF %I ON %s FOR EACH ROW'
            ' EXECUTE FUNCTION service_policy._check_reference(%L, %L, %L, %L)',
            'reference_' || reference.referring_column, reference.referring_column, reference.referring,
            reference.referenced, reference.referring_column, reference.referenced_column, reference.conname);
    END LOOP;
END
$$;
