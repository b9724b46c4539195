CREATE TABLE @data@.message (
    @key_columns@,
    sent_at timestamptz NOT NULL,
    message text NOT NULL,
    author text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (@key@, sent_at, message)
);

COMMENT ON TABLE @data@.message IS
    'The public messages of customers and agents on each ticket: evidence like the ledger, written by the triggers. Private ones and those of systems count for nobody and are not kept';
COMMENT ON COLUMN @data@.message.sent_at IS 'When it was sent';
COMMENT ON COLUMN @data@.message.message IS 'Key of the CRM''s row, as text';
COMMENT ON COLUMN @data@.message.author IS 'customer or agent';
COMMENT ON COLUMN @data@.message.recorded_at IS 'When the transaction began that recorded it';
COMMENT ON COLUMN @data@.message.recorded_by IS 'The role that wrote the row';
