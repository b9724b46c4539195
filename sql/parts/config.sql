-- Every configuration table has these two triggers (see src/config.c), enabled
-- ALWAYS so that logical replication's apply fires them too:
--
--     CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.<table>
--         FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
--     CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.<table>
--         FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
--     ALTER TABLE service_policy.<table> ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;
CREATE FUNCTION service_policy._config_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_config_changed';
COMMENT ON FUNCTION service_policy._config_changed() IS
    'Trigger of the configuration tables: makes every backend read the changed table again';
