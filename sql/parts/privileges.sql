-- Who may do what: the only GRANTs and REVOKEs, and the last part, so that nothing is left as it comes.
-- A function is for everybody only if it is named here.

-- Routines: procedures too.
REVOKE ALL ON ALL ROUTINES IN SCHEMA service_policy FROM PUBLIC;
GRANT USAGE ON SCHEMA service_policy TO PUBLIC;

-- Asking: opening hours are no secret, and nothing of a ticket is told but to those who may read its views.
GRANT SELECT ON service_policy.calendar, service_policy.calendar_hours, service_policy.calendar_date TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    service_policy.business_elapsed(text, timestamptz, timestamptz),
    service_policy.business_seconds(text, timestamptz, timestamptz),
    service_policy.business_deadline(text, timestamptz, interval),
    service_policy.business_days_deadline(text, timestamptz, int, text),
    service_policy.is_business_time(text, timestamptz),
    service_policy.next_opening(text, timestamptz),
    service_policy.next_closing(text, timestamptz),
    service_policy.business_windows(text, timestamptz, timestamptz),
    service_policy.calendar_revision(text),
    service_policy.validate_policy(jsonb),
    service_policy.policy_in_force(text, timestamptz),
    service_policy.explain_ticket(text, text[]),
    service_policy.acknowledge_escalation(text, text[], text),
    service_policy.refund_check(text, jsonb, timestamptz, text),
    service_policy.refundable_until(text, jsonb, timestamptz),
    service_policy.explain_refund(text, jsonb, timestamptz, text),
    service_policy._explain_refund(text, jsonb, timestamptz, text),
    service_policy._explain_ticket(text, text[])
    TO PUBLIC;

-- Sending notifications, and trying actions anew: who may is asked of the rights on the attachment's view of them.
GRANT EXECUTE ON FUNCTION
    service_policy.claim(text, int, interval),
    service_policy.confirm(text, text),
    service_policy.fail(text, text, text),
    service_policy.retry_failed(text, text),
    service_policy.retry_action(text, text)
    TO PUBLIC;

-- Granting: to whom, and how much, is what the policy says; these ask it.
GRANT EXECUTE ON FUNCTION
    service_policy.grant_exception(text, jsonb, text, int, numeric, text, timestamptz, text),
    service_policy.approve_refund(text, jsonb, text, numeric, text, timestamptz, text),
    service_policy.revoke_exception(text, bigint)
    TO PUBLIC;

-- What views call: a view checks its tables with its owner's rights, but its functions with its reader's.
GRANT EXECUTE ON FUNCTION
    service_policy._clock_microseconds(text, timestamptz, timestamptz),
    service_policy._clock_moved(text, timestamptz, date, timestamptz, timestamptz, bigint, bigint, int, boolean, bigint),
    service_policy._text_in(jsonb, text),
    service_policy._entries(jsonb),
    service_policy._words(jsonb),
    service_policy._minutes(text),
    service_policy._working_days(text),
    service_policy._scenario(jsonb),
    service_policy._languages(jsonb),
    service_policy._starts(jsonb),
    service_policy._campaigns(jsonb),
    service_policy._window(jsonb),
    service_policy._money(jsonb),
    service_policy._worker_status(),
    service_policy._suspended_until(text),
    service_policy._suspended_count()
    TO PUBLIC;
GRANT SELECT ON service_policy.worker_status TO PUBLIC;

-- What load_policy(), publish_policy() and retire_policy() call: with the caller's own rights on the tables, so that
-- whoever is granted one of the three needs no list of the rest.
GRANT EXECUTE ON FUNCTION
    service_policy._document_problems(jsonb),
    service_policy._refuse_problems(text[]),
    service_policy._sections_not_acted_on(jsonb),
    service_policy._lock_policy_version(text, int),
    service_policy._make_way(text, timestamptz),
    service_policy._name_range(text, text),
    service_policy._name_range(text, text, text),
    service_policy._warn_of_actions(text, jsonb, text)
    TO PUBLIC;
