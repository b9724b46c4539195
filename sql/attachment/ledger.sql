CREATE TABLE @data@.ledger (
    @key_columns@,
    seq int NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    event text NOT NULL,
    state text,
    source_state text,
    opened_at timestamptz,
    priority text,
    channel text,
    category text,
    product text,
    customer_tier text,
    region text,
    team text,
    agent text,
    customer text,
    in_order boolean,
    PRIMARY KEY (@key@, seq)
);

COMMENT ON TABLE @data@.ledger IS
    'The events of each ticket: the evidence from which every clock can be computed again. Written by the triggers, never changed';
COMMENT ON COLUMN @data@.ledger.seq IS 'Number of the record within its ticket, from 1, in order of recording; 0 and below: earlier history that backfill() added later';
COMMENT ON COLUMN @data@.ledger.at IS 'When it happened, as far as the row says; else when the transaction that wrote the row began';
COMMENT ON COLUMN @data@.ledger.recorded_at IS 'When the transaction began that recorded it';
COMMENT ON COLUMN @data@.ledger.recorded_by IS 'The role that wrote the row';
COMMENT ON COLUMN @data@.ledger.event IS 'opened, changed, responded (the first public reply), left (deleted, or left out by the row filter), or expected: no event, but the place that a message or child keeps for a ticket which was not there yet';
COMMENT ON COLUMN @data@.ledger.state IS 'open, pending, on_hold, resolved, closed or void: the state after the event; NULL for a reply';
COMMENT ON COLUMN @data@.ledger.source_state IS 'The same state in the CRM''s words; NULL where it gave none';
COMMENT ON COLUMN @data@.ledger.opened_at IS 'When the ticket was opened, as then known; NULL for a reply';
COMMENT ON COLUMN @data@.ledger.priority IS 'Priority after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.channel IS 'Channel after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.category IS 'Category after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.product IS 'Product after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.customer_tier IS 'Customer tier after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.region IS 'Region after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.team IS 'Team after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.agent IS 'Agent after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.customer IS 'Customer after the event; NULL where not known';
COMMENT ON COLUMN @data@.ledger.in_order IS 'Does it come after all that was recorded before, with the same opening?  Then older records are not read for what comes next';
