CREATE SEQUENCE @data@.deadline_move_id_seq;

CREATE TABLE @data@.deadline_move (
    @key_columns@,
    move_id bigint NOT NULL DEFAULT nextval('@data@.deadline_move_id_seq'),
    moved_at timestamptz NOT NULL,
    moved_by text NOT NULL,
    metric text NOT NULL,
    cycle int NOT NULL,
    calendar text NOT NULL,
    old_revision bigint,
    new_revision bigint,
    old_due_at timestamptz,
    new_due_at timestamptz,
    old_at_risk_at timestamptz,
    new_at_risk_at timestamptz,
    old_target_us bigint NOT NULL,
    new_target_us bigint NOT NULL,
    old_elapsed_us bigint NOT NULL,
    new_elapsed_us bigint NOT NULL,
    old_paused_us bigint NOT NULL,
    new_paused_us bigint NOT NULL,
    PRIMARY KEY (@key@, move_id)
);

ALTER SEQUENCE @data@.deadline_move_id_seq OWNED BY @data@.deadline_move.move_id;

COMMENT ON SEQUENCE @data@.deadline_move_id_seq IS 'Numbers of the moves';
COMMENT ON TABLE @data@.deadline_move IS
    'Open clocks that recompute() or tick() brought in line with a calendar that had changed: what they were and what they became';
COMMENT ON COLUMN @data@.deadline_move.move_id IS 'Number of the move';
COMMENT ON COLUMN @data@.deadline_move.moved_at IS 'When the transaction began that moved it';
COMMENT ON COLUMN @data@.deadline_move.moved_by IS 'The role that called recompute() or tick()';
COMMENT ON COLUMN @data@.deadline_move.metric IS 'Metric of the clock';
COMMENT ON COLUMN @data@.deadline_move.cycle IS 'Cycle of the clock';
COMMENT ON COLUMN @data@.deadline_move.calendar IS 'The calendar that had changed';
COMMENT ON COLUMN @data@.deadline_move.old_revision IS 'Revision of the calendar that the clock had been computed by; NULL where not known';
COMMENT ON COLUMN @data@.deadline_move.new_revision IS 'Revision that it is now computed by';
COMMENT ON COLUMN @data@.deadline_move.old_due_at IS 'When it was due; NULL = it had no deadline';
COMMENT ON COLUMN @data@.deadline_move.new_due_at IS 'When it is due; NULL = it has no deadline';
COMMENT ON COLUMN @data@.deadline_move.old_at_risk_at IS 'From when on it was at risk; NULL as for old_due_at';
COMMENT ON COLUMN @data@.deadline_move.new_at_risk_at IS 'From when on it is at risk; NULL as for new_due_at';
COMMENT ON COLUMN @data@.deadline_move.old_target_us IS 'What the target had been, in microseconds of business time; a target in working days depends on the calendar';
COMMENT ON COLUMN @data@.deadline_move.new_target_us IS 'What the target is, in microseconds';
COMMENT ON COLUMN @data@.deadline_move.old_elapsed_us IS 'What had been counted, in microseconds';
COMMENT ON COLUMN @data@.deadline_move.new_elapsed_us IS 'What is counted of the same time, in microseconds';
COMMENT ON COLUMN @data@.deadline_move.old_paused_us IS 'What had not been counted for pauses, in microseconds';
COMMENT ON COLUMN @data@.deadline_move.new_paused_us IS 'What is not counted for the same pauses, in microseconds';
