-- Room to move: exceptions from the rules for refunds, and approvals (src/exception_grant.c, src/refund_exception.c).

CREATE FUNCTION service_policy.grant_exception(name text, subject jsonb, reason text, grace_days int DEFAULT 0,
                                               amount numeric DEFAULT NULL, currency text DEFAULT NULL,
                                               expires_at timestamptz DEFAULT NULL, agent text DEFAULT NULL)
    RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'svp_grant_exception';
COMMENT ON FUNCTION service_policy.grant_exception(text, jsonb, text, int, numeric, text, timestamptz, text) IS
    'Grants one refund of a ticket, customer, order or key more than its rule gives: days after each cutoff, an amount, or both. For members of a role that the policy''s discretion names, within what that gives. Used once, for 7 days unless said otherwise. Returns its number';

CREATE FUNCTION service_policy.approve_refund(name text, subject jsonb, reason text, amount numeric,
                                              currency text DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
                                              agent text DEFAULT NULL)
    RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'svp_approve_refund';
COMMENT ON FUNCTION service_policy.approve_refund(text, jsonb, text, numeric, text, timestamptz, text) IS
    'Approves one refund of up to an amount, of a ticket, customer, order or key, where the rule says that it needs approval. For members of a role whose discretion has approve_up_to; never for a refund of one''s own. Used once, for 7 days unless said otherwise. Returns its number';

CREATE FUNCTION service_policy.revoke_exception(name text, id bigint)
    RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'svp_revoke_exception';
COMMENT ON FUNCTION service_policy.revoke_exception(text, bigint) IS
    'Takes back an exception or approval that no refund has used; for who granted it and the other members of its role';
