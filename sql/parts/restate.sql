-- Open clocks follow their calendars, and judged ones what came late (src/recompute.c, src/restate.c).

CREATE FUNCTION service_policy._clock_moved(calendar text, started_at timestamptz, started_on date, due_at timestamptz,
                                            at_risk_at timestamptz, target_us bigint, benchmark_target_us bigint,
                                            target_days int, end_of_day boolean, at_risk bigint)
    RETURNS boolean LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_sql_clock_moved';
COMMENT ON FUNCTION service_policy._clock_moved(text, timestamptz, date, timestamptz, timestamptz, bigint, bigint, int, boolean, bigint) IS
    'Would a clock that has run since it started have other deadlines by the calendar as it now is?';

CREATE FUNCTION service_policy.recompute(name text, OUT ticket text[], OUT metric text, OUT cycle int, OUT benchmark text,
                                         OUT calendar text, OUT old_due_at timestamptz, OUT new_due_at timestamptz,
                                         OUT old_target_minutes numeric, OUT new_target_minutes numeric,
                                         OUT old_elapsed_minutes numeric, OUT new_elapsed_minutes numeric,
                                         OUT old_paused_minutes numeric, OUT new_paused_minutes numeric,
                                         OUT old_revision bigint, OUT new_revision bigint)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'svp_recompute';
COMMENT ON FUNCTION service_policy.recompute(text) IS
    'Brings the open clocks of an attachment in line with calendars that have changed, and returns those that moved; for the owner of <name>_data';

CREATE FUNCTION service_policy.restate(name text, key text[] DEFAULT NULL,
                                       OUT ticket text[], OUT metric text, OUT cycle int, OUT policy_version int,
                                       OUT old_benchmark text, OUT new_benchmark text,
                                       OUT old_outcome text, OUT new_outcome text,
                                       OUT old_target_minutes numeric, OUT new_target_minutes numeric,
                                       OUT old_elapsed_minutes numeric, OUT new_elapsed_minutes numeric,
                                       OUT old_paused_minutes numeric, OUT new_paused_minutes numeric,
                                       OUT old_due_at timestamptz, OUT new_due_at timestamptz,
                                       OUT old_stopped_at timestamptz, OUT new_stopped_at timestamptz,
                                       OUT old_revision bigint, OUT new_revision bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME', 'svp_restate';
COMMENT ON FUNCTION service_policy.restate(text, text[]) IS
    'Applies to judged clocks what came too late to change them: to the disputed ones of an attachment, or to all of one ticket; returns those that changed; for the owner of <name>_data';
