CREATE TABLE @data@.backfill (
    run int PRIMARY KEY,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    finished_at timestamptz,
    batch int NOT NULL,
    position text[],
    ordered_by text[] NOT NULL,
    done_count bigint NOT NULL,
    recorded_count bigint NOT NULL,
    completed_count bigint NOT NULL,
    restated_count bigint NOT NULL,
    estimated_count bigint NOT NULL,
    worked_us bigint NOT NULL
);

COMMENT ON TABLE @data@.backfill IS
    'Runs of backfill(): one row a run, written with each batch that is committed';
COMMENT ON COLUMN @data@.backfill.run IS 'Number of the run, from 1';
COMMENT ON COLUMN @data@.backfill.started_by IS 'The role that called it';
COMMENT ON COLUMN @data@.backfill.started_at IS 'When it was first called';
COMMENT ON COLUMN @data@.backfill.updated_at IS 'When its last batch ended';
COMMENT ON COLUMN @data@.backfill.finished_at IS 'When it had gone over the whole table; NULL before that';
COMMENT ON COLUMN @data@.backfill.batch IS 'Tickets of a batch, as last called';
COMMENT ON COLUMN @data@.backfill.position IS 'Key of the last ticket of the last batch, as text: it goes on after that; NULL before the first';
COMMENT ON COLUMN @data@.backfill.ordered_by IS 'The key''s columns in the order of the index by which it goes through the table';
COMMENT ON COLUMN @data@.backfill.done_count IS 'Tickets that it has gone over';
COMMENT ON COLUMN @data@.backfill.recorded_count IS 'Of these, tickets of which nothing was recorded before';
COMMENT ON COLUMN @data@.backfill.completed_count IS 'Of these, tickets of which something was recorded, and to which something was added';
COMMENT ON COLUMN @data@.backfill.restated_count IS 'Clocks that had been judged before the ticket''s history was known, and were judged anew by it';
COMMENT ON COLUMN @data@.backfill.estimated_count IS 'Rows of the ticket table, as the server estimates them';
COMMENT ON COLUMN @data@.backfill.worked_us IS 'Time spent, pauses between batches included, times when it was stopped not; in microseconds';
