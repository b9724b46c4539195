CREATE TABLE @data@.calendar_state (
    calendar text PRIMARY KEY,
    revision bigint,
    recomputed_at timestamptz NOT NULL,
    writers_until xid8,
    looked_until text[]
);

COMMENT ON TABLE @data@.calendar_state IS
    'Up to which revision of each calendar all open clocks are computed. Written by recompute() and tick()';
COMMENT ON COLUMN @data@.calendar_state.calendar IS 'The calendar';
COMMENT ON COLUMN @data@.calendar_state.revision IS
    'All open clocks are as this revision has it, see calendar_revision(). Set it to NULL to have each looked at again, as after an update of the server''s time zones';
COMMENT ON COLUMN @data@.calendar_state.recomputed_at IS 'When the transaction began that found them so';
COMMENT ON COLUMN @data@.calendar_state.writers_until IS
    'Transactions before this one may have been writing clocks by an older revision, so the clocks are looked at once more when they have ended; NULL = there were none';
COMMENT ON COLUMN @data@.calendar_state.looked_until IS
    'While revision is NULL: up to which ticket, in the order of their keys, tick() has looked at all; NULL = it begins';
