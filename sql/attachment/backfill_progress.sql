CREATE VIEW @views@.backfill_progress AS
SELECT run,
       (CASE WHEN finished_at IS NOT NULL THEN 'finished'
             WHEN is_held THEN 'running'
             ELSE 'stopped' END)::varchar(20) AS state,
       done_count::int,
       estimate::int AS estimated_count,
       (CASE WHEN finished_at IS NOT NULL THEN 100
             ELSE 100.0 * done_count / greatest(estimate, 1) END)::numeric(5,2) AS percent,
       per_second::numeric(14,2) AS rate_per_second,
       (CASE WHEN finished_at IS NULL THEN (estimate - done_count) / nullif(per_second, 0) ELSE 0 END)::numeric(14,0) AS remaining_seconds,
       (CASE WHEN finished_at IS NULL THEN (estimate - done_count) / nullif(per_second, 0) / 60 ELSE 0 END)::numeric(14,2) AS remaining_minutes,
       recorded_count::int,
       completed_count::int,
       restated_count::int,
       batch,
       started_at,
       (started_at AT TIME ZONE 'UTC')::date AS started_on,
       updated_at,
       finished_at,
       started_by::varchar(255)
  FROM (SELECT *,
               CASE WHEN finished_at IS NULL THEN greatest(estimated_count, done_count) ELSE done_count END AS estimate,
               done_count / nullif(worked_us / 1000000.0, 0) AS per_second,
               CASE WHEN pg_is_in_recovery() THEN updated_at > now() - interval '5 minutes'
                    ELSE EXISTS (SELECT FROM pg_locks AS l
                                  WHERE l.locktype = 'object' AND l.classid = 'pg_class'::regclass AND l.objid = b.tableoid
                                    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
                                    AND l.mode = 'ExclusiveLock' AND l.granted)
               END AS is_held
          FROM @data@.backfill AS b) AS runs;

COMMENT ON VIEW @views@.backfill_progress IS
    'How far backfill() is: one row a run. What it shows was committed with the last batch, and can be read from any session while it runs';
COMMENT ON COLUMN @views@.backfill_progress.run IS 'Unique: number of the run, from 1';
COMMENT ON COLUMN @views@.backfill_progress.state IS 'running, stopped (no session works on it: call backfill() again and it goes on) or finished. A standby cannot see sessions: there a run counts as running for five minutes after its last batch';
COMMENT ON COLUMN @views@.backfill_progress.done_count IS 'Tickets that it has gone over';
COMMENT ON COLUMN @views@.backfill_progress.estimated_count IS 'Tickets of the table, as the server estimates them; those gone over once it has finished';
COMMENT ON COLUMN @views@.backfill_progress.percent IS 'done_count of estimated_count, from 0 to 100';
COMMENT ON COLUMN @views@.backfill_progress.rate_per_second IS 'Tickets a second while it worked, its pauses included; NULL before the first batch';
COMMENT ON COLUMN @views@.backfill_progress.remaining_seconds IS 'Time left at that rate, in seconds; 0 once it has finished; NULL before the first batch';
COMMENT ON COLUMN @views@.backfill_progress.remaining_minutes IS 'The same in minutes';
COMMENT ON COLUMN @views@.backfill_progress.recorded_count IS 'Of the tickets gone over, those of which nothing was recorded before';
COMMENT ON COLUMN @views@.backfill_progress.completed_count IS 'Of the tickets gone over, those of which something was recorded, and to which something was added';
COMMENT ON COLUMN @views@.backfill_progress.restated_count IS 'Clocks that had been judged before the ticket''s history was known, and were judged anew by it; the issues tell which';
COMMENT ON COLUMN @views@.backfill_progress.batch IS 'Tickets of a batch';
COMMENT ON COLUMN @views@.backfill_progress.started_at IS 'When the run was first called';
COMMENT ON COLUMN @views@.backfill_progress.started_on IS 'Date of started_at in UTC';
COMMENT ON COLUMN @views@.backfill_progress.updated_at IS 'When its last batch ended';
COMMENT ON COLUMN @views@.backfill_progress.finished_at IS 'When it had gone over the whole table; NULL before that';
COMMENT ON COLUMN @views@.backfill_progress.started_by IS 'The role that called it';
