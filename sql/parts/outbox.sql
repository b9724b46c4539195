-- Notifications of escalations, handed out to those who send them (src/outbox.c).

CREATE FUNCTION service_policy.claim(name text, max int DEFAULT 10, visibility interval DEFAULT '5 minutes',
                                     OUT id text, OUT ticket text[], OUT metric text, OUT cycle int,
                                     OUT level int, OUT occurrence int, OUT notify text, OUT channel text,
                                     OUT subject text, OUT message text, OUT due_at timestamptz,
                                     OUT fired_at timestamptz, OUT attempts int)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'svp_claim';
COMMENT ON FUNCTION service_policy.claim(text, int, interval) IS
    'Hands out notifications of escalations, at most so many, to be sent and confirmed before visibility is over; then they are handed out again, under the same id. For roles with UPDATE on the view outbox of the attachment';

CREATE FUNCTION service_policy.confirm(name text, id text) RETURNS boolean
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_confirm';
COMMENT ON FUNCTION service_policy.confirm(text, text) IS
    'Says that a notification was sent. False if that was said before, or there is none that was claimed. For roles with UPDATE on the view outbox of the attachment';

CREATE FUNCTION service_policy.fail(name text, id text, error text) RETURNS boolean
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_fail';
COMMENT ON FUNCTION service_policy.fail(text, text, text) IS
    'Says that a notification could not be sent, and why: it is handed out again after a while, ten times in all. False if it is not claimed. For roles with UPDATE on the view outbox of the attachment';

CREATE FUNCTION service_policy.retry_failed(name text, id text DEFAULT NULL) RETURNS int
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_retry_failed';
COMMENT ON FUNCTION service_policy.retry_failed(text, text) IS
    'Hands out anew, and at once, what could not be sent, whether it was given up or waits to be tried again: one notification or all. Returns how many. For roles with UPDATE on the view outbox of the attachment';
