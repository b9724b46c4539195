CREATE TABLE @data@.refund_tally (
    subject_hash bigint NOT NULL,
    seq bigint NOT NULL,
    subject text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    counted_at timestamptz NOT NULL,
    currency text,
    amount numeric NOT NULL,
    refunds int NOT NULL,
    reverses_at timestamptz,
    total_amount numeric NOT NULL,
    total_refunds bigint NOT NULL,
    all_refunds bigint NOT NULL,
    PRIMARY KEY (subject_hash, seq)
);

COMMENT ON TABLE @data@.refund_tally IS
    'What the refunds of each order, line and customer add up to: a row for each that is counted or taken back. recount_refunds() makes it anew';
COMMENT ON COLUMN @data@.refund_tally.subject_hash IS 'Number that stands for scope and subject, by which they are found; others may have the same';
COMMENT ON COLUMN @data@.refund_tally.subject IS 'Of what the refunds are: the order_id, the order_id and the line_id divided by a slash, or the customer';
COMMENT ON COLUMN @data@.refund_tally.scope IS 'What that is: order, line or customer';
COMMENT ON COLUMN @data@.refund_tally.seq IS 'Number of the row among those of its hash, from 1: two that count at once cannot both have one';
COMMENT ON COLUMN @data@.refund_tally.counted_at IS 'When the refund was decided on, or taken back';
COMMENT ON COLUMN @data@.refund_tally.currency IS 'Currency of the amounts; NULL where not known';
COMMENT ON COLUMN @data@.refund_tally.amount IS 'Amount of the refund, 0 where not known; below zero if taken back';
COMMENT ON COLUMN @data@.refund_tally.refunds IS '1, or -1 if taken back';
COMMENT ON COLUMN @data@.refund_tally.reverses_at IS 'When what is taken back had been counted; NULL of what is counted';
COMMENT ON COLUMN @data@.refund_tally.total_amount IS 'Sum of amount up to this row, of its subject and currency';
COMMENT ON COLUMN @data@.refund_tally.total_refunds IS 'Sum of refunds up to this row, of its subject and currency';
COMMENT ON COLUMN @data@.refund_tally.all_refunds IS 'Sum of refunds up to this row, of its subject in any currency';
