-- Who calls tick(), and when (src/launcher.c, src/tick_worker.c, src/next_tick.c, src/worker_status.c).

CREATE FUNCTION service_policy.next_tick_at() RETURNS timestamptz
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'svp_next_tick_at';
COMMENT ON FUNCTION service_policy.next_tick_at() IS
    'When there is something for tick() to do: in the past or now, if there is already; NULL = nothing is known to come';

CREATE FUNCTION service_policy._worker_status(OUT database_id oid, OUT state text, OUT passes int, OUT last_pass_at timestamptz,
                                              OUT next_pass_at timestamptz, OUT due_at timestamptz, OUT escalations int,
                                              OUT failures int, OUT failed_at timestamptz, OUT error text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'svp_worker_status';
COMMENT ON FUNCTION service_policy._worker_status() IS
    'The rows of worker_status, by database; the error is told to members of pg_read_all_stats only';

CREATE VIEW service_policy.worker_status AS
SELECT database.datname::varchar(63) AS database_name,
       status.state::varchar(10) AS state,
       status.passes,
       status.last_pass_at,
       status.next_pass_at,
       status.due_at,
       greatest(extract(epoch FROM clock_timestamp() - status.due_at), 0)::numeric(12,3) AS lag_seconds,
       status.escalations,
       status.failures,
       status.failed_at,
       status.error::varchar(255) AS error,
       CASE WHEN database.datname = current_database() THEN service_policy._suspended_count() END AS suspended_attachments
  FROM service_policy._worker_status() AS status
  JOIN pg_catalog.pg_database AS database ON database.oid = status.database_id;
COMMENT ON VIEW service_policy.worker_status IS
    'What the background workers do, of all databases of this server that have the extension, counted since it was started; no rows = the library is not preloaded, or nobody has looked yet';
COMMENT ON COLUMN service_policy.worker_status.database_name IS 'The database';
COMMENT ON COLUMN service_policy.worker_status.state IS
    'running = a worker is there; waiting = for the next pass; stuck = something is due and could not be done, it is tried again; failing = the last visit ended in an error, it is tried again';
COMMENT ON COLUMN service_policy.worker_status.passes IS 'Calls of tick() that ended well';
COMMENT ON COLUMN service_policy.worker_status.last_pass_at IS 'When the last of them began; NULL = there was none';
COMMENT ON COLUMN service_policy.worker_status.next_pass_at IS
    'When the next is planned, if nothing comes up earlier; in the past = it waits for a free worker; NULL = one is running';
COMMENT ON COLUMN service_policy.worker_status.due_at IS
    'When something is due, as next_tick_at() said after the last pass; NULL = nothing was known to come';
COMMENT ON COLUMN service_policy.worker_status.lag_seconds IS
    'For how many seconds what is due has been waiting; 0 = nothing is late';
COMMENT ON COLUMN service_policy.worker_status.escalations IS 'Escalations that these calls fired';
COMMENT ON COLUMN service_policy.worker_status.failures IS 'Visits that ended in an error';
COMMENT ON COLUMN service_policy.worker_status.failed_at IS 'When the last of them ended; NULL = there was none';
COMMENT ON COLUMN service_policy.worker_status.error IS
    'Its message, in ASCII, at most 255 characters; NULL = there was none, or you are no member of pg_read_all_stats';
COMMENT ON COLUMN service_policy.worker_status.suspended_attachments IS
    'How many attachments are suspended now: of them nothing is handed out, and no action runs; NULL = another database than this one';
