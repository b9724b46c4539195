CREATE VIEW @views@.deadline_moves AS
SELECT move_id,
       @key@,
       metric::varchar(255),
       cycle,
       calendar::varchar(255),
       moved_at,
       (moved_at AT TIME ZONE 'UTC')::date AS moved_on,
       moved_by::varchar(255),
       old_due_at,
       new_due_at,
       (extract(epoch FROM new_due_at - old_due_at) / 60)::numeric(14,2) AS moved_minutes,
       (old_target_us / 60000000.0)::numeric(14,2) AS old_target_minutes,
       (new_target_us / 60000000.0)::numeric(14,2) AS new_target_minutes,
       (old_elapsed_us / 60000000.0)::numeric(14,2) AS old_elapsed_minutes,
       (new_elapsed_us / 60000000.0)::numeric(14,2) AS new_elapsed_minutes,
       (old_paused_us / 60000000.0)::numeric(14,2) AS old_paused_minutes,
       (new_paused_us / 60000000.0)::numeric(14,2) AS new_paused_minutes,
       old_revision,
       new_revision
  FROM @data@.deadline_move;

COMMENT ON VIEW @views@.deadline_moves IS
    'Open clocks that a change of their calendar moved: one row a clock and move';
COMMENT ON COLUMN @views@.deadline_moves.move_id IS 'Unique: number of the move';
COMMENT ON COLUMN @views@.deadline_moves.metric IS 'What the clock measures';
COMMENT ON COLUMN @views@.deadline_moves.cycle IS 'Number of the measurement, from 1';
COMMENT ON COLUMN @views@.deadline_moves.calendar IS 'The calendar that had changed';
COMMENT ON COLUMN @views@.deadline_moves.moved_at IS 'When the transaction began that moved it';
COMMENT ON COLUMN @views@.deadline_moves.moved_on IS 'Date of moved_at in UTC';
COMMENT ON COLUMN @views@.deadline_moves.moved_by IS 'The role that called recompute() or tick()';
COMMENT ON COLUMN @views@.deadline_moves.old_due_at IS 'When it was due; NULL = it had no deadline';
COMMENT ON COLUMN @views@.deadline_moves.new_due_at IS 'When it is due; NULL = it has no deadline';
COMMENT ON COLUMN @views@.deadline_moves.moved_minutes IS 'Minutes by which it is due later, around the clock; negative = earlier; NULL without two deadlines';
COMMENT ON COLUMN @views@.deadline_moves.old_target_minutes IS 'Minutes that had been allowed; a target in working days depends on the calendar';
COMMENT ON COLUMN @views@.deadline_moves.new_target_minutes IS 'Minutes allowed';
COMMENT ON COLUMN @views@.deadline_moves.old_elapsed_minutes IS 'Minutes that had been counted up to the last event';
COMMENT ON COLUMN @views@.deadline_moves.new_elapsed_minutes IS 'Minutes that are counted of the same time';
COMMENT ON COLUMN @views@.deadline_moves.old_paused_minutes IS 'Minutes of pauses that had not been counted';
COMMENT ON COLUMN @views@.deadline_moves.new_paused_minutes IS 'Minutes that are not counted for the same pauses';
COMMENT ON COLUMN @views@.deadline_moves.old_revision IS 'Revision of the calendar that it had been computed by, see calendar_revision(); NULL where not known';
COMMENT ON COLUMN @views@.deadline_moves.new_revision IS 'Revision that it is computed by';
