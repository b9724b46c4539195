-- The document of each version as tables (what judges reads it in C, see src/policy_document.c).

CREATE FUNCTION service_policy._text_in(content jsonb, language text) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'svp_text_in_language';
COMMENT ON FUNCTION service_policy._text_in(jsonb, text) IS
    'A document''s text in a language, or in the nearest that it has; see docs/policy.md';

CREATE FUNCTION service_policy._entries(list jsonb, OUT item int, OUT entry jsonb) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (n - 1)::int, e FROM jsonb_array_elements(nullif(list, 'null')) WITH ORDINALITY AS entries (e, n)
$$;
COMMENT ON FUNCTION service_policy._entries(jsonb) IS 'The entries of a document''s list, numbered from 0; none if there is no list';

CREATE FUNCTION service_policy._words(list jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(word, ', ' ORDER BY n)
      FROM jsonb_array_elements_text(nullif(list, 'null')) WITH ORDINALITY AS words (word, n)
$$;
COMMENT ON FUNCTION service_policy._words(jsonb) IS 'The words of a document''s list, parted by commas; NULL if there are none';

CREATE FUNCTION service_policy._minutes(span text) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT extract(epoch FROM span::interval)::numeric / 60
$$;
COMMENT ON FUNCTION service_policy._minutes(text) IS
    'The minutes of a document''s duration; immutable, since no setting changes what the durations of a document mean';

CREATE FUNCTION service_policy._working_days(span text) RETURNS int
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT substring(span FROM '^([0-9]+) working days?$')::int
$$;
COMMENT ON FUNCTION service_policy._working_days(text) IS 'The working days of a document''s target; NULL if it is a duration';

CREATE FUNCTION service_policy._scenario(conditions jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(dimension || ': ' || service_policy._words(conditions -> dimension), '; ' ORDER BY n), 'always')
      FROM unnest(ARRAY['priority', 'channel', 'category', 'product', 'customer_tier', 'region', 'team'])
           WITH ORDINALITY AS dimensions (dimension, n)
     WHERE service_policy._words(conditions -> dimension) IS NOT NULL
$$;
COMMENT ON FUNCTION service_policy._scenario(jsonb) IS 'The conditions of an entry, as people read them';

CREATE FUNCTION service_policy._languages(texts jsonb, OUT language text, OUT content text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT key, value FROM jsonb_each_text(CASE WHEN jsonb_typeof(texts) = 'object' THEN texts END)
    UNION ALL
    SELECT NULL, texts #>> '{}' WHERE jsonb_typeof(texts) = 'string'
$$;
COMMENT ON FUNCTION service_policy._languages(jsonb) IS
    'A document''s text in each of its languages; the language is NULL where it names none';

CREATE FUNCTION service_policy._starts(starts jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(coalesce(start ->> 'fact', start #>> '{}') ||
                      coalesce(' + ' || nullif((start ->> 'transit_days')::numeric::int, 0) || ' days', ''), ' or else ' ORDER BY n)
      FROM jsonb_array_elements(CASE jsonb_typeof(starts) WHEN 'array' THEN starts ELSE jsonb_build_array(starts) END)
           WITH ORDINALITY AS each (start, n)
     WHERE jsonb_typeof(starts) <> 'null'
$$;
COMMENT ON FUNCTION service_policy._starts(jsonb) IS 'Where a window starts, as people read it: the first of these facts that is known; NULL if it is not said';

CREATE FUNCTION service_policy._campaigns(campaigns jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format('%s from %s to %s: until %s', entry ->> 'fact', entry ->> 'first', entry ->> 'last', entry ->> 'until'),
                      '; ' ORDER BY item)
      FROM service_policy._entries(campaigns)
$$;
COMMENT ON FUNCTION service_policy._campaigns(jsonb) IS 'The campaigns of a window, as people read them; NULL if there are none';

CREATE FUNCTION service_policy._window(definition jsonb, OUT span numeric, OUT unit text, OUT fact text, OUT if_missing text, OUT calendar text,
                                       OUT extends boolean, OUT campaigns text, OUT duty_fact text, OUT duty_months int)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((definition ->> 'days')::numeric, (definition ->> 'working_days')::numeric,
                    (definition ->> 'months')::numeric, service_policy._minutes(definition ->> 'exactly')),
           CASE WHEN definition ->> 'days' IS NOT NULL THEN 'days'
                WHEN definition ->> 'working_days' IS NOT NULL THEN 'working_days'
                WHEN definition ->> 'months' IS NOT NULL THEN 'months'
                WHEN definition ->> 'exactly' IS NOT NULL THEN 'minutes' END,
           service_policy._starts(definition -> 'from'),
           CASE WHEN definition <> 'null' THEN coalesce(definition ->> 'if_missing', 'needs_approval') END,
           definition ->> 'calendar',
           CASE WHEN definition <> 'null' THEN coalesce((definition ->> 'extend_to_working_day')::boolean, false) END,
           service_policy._campaigns(definition -> 'campaigns'),
           definition #>> '{duty,fact}',
           (definition #>> '{duty,months}')::numeric::int
$$;
COMMENT ON FUNCTION service_policy._window(jsonb) IS 'A window of a refund rule as columns; all NULL if there is none';

CREATE FUNCTION service_policy._money(money jsonb, OUT amount numeric, OUT by_currency text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE jsonb_typeof(money) WHEN 'number' THEN (money #>> '{}')::numeric END,
           (SELECT string_agg(key || ' ' || value, ', ' ORDER BY key COLLATE "C")
              FROM jsonb_each_text(CASE jsonb_typeof(money) WHEN 'object' THEN money END)
             WHERE value IS NOT NULL)
$$;
COMMENT ON FUNCTION service_policy._money(jsonb) IS 'An amount of a document: a number for any currency, or one for each that is named';

-- The document as tables.  Drafts show too: filter by state.
CREATE VIEW service_policy.mission AS
    SELECT v.policy, v.version, v.state,
           service_policy._text_in(nullif(v.document -> 'mission', 'null'), v.document ->> 'language') AS mission,
           v.document ->> 'review_every' AS review_every,
           v.document ->> 'language' AS language
      FROM service_policy.policy_version v;
COMMENT ON VIEW service_policy.mission IS 'What each version of a policy says of its purpose, a row a version';
COMMENT ON COLUMN service_policy.mission.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.mission.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.mission.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.mission.mission IS 'The mission, in the document''s language; NULL if it has none';
COMMENT ON COLUMN service_policy.mission.review_every IS 'How often the policy is to be reviewed; NULL if it does not say';
COMMENT ON COLUMN service_policy.mission.language IS 'Language that the views show texts in; NULL if the document does not say';

CREATE VIEW service_policy.objective AS
    SELECT v.policy, v.version, v.state, o.item,
           o.entry ->> 'name' AS name,
           service_policy._text_in(o.entry -> 'statement', v.document ->> 'language') AS statement,
           o.entry ->> 'measured_by' AS measured_by
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'objectives') o;
COMMENT ON VIEW service_policy.objective IS 'What each version of a policy is to achieve, a row an objective';
COMMENT ON COLUMN service_policy.objective.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.objective.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.objective.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.objective.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.objective.name IS 'Name of the objective';
COMMENT ON COLUMN service_policy.objective.statement IS 'The objective, in the document''s language';
COMMENT ON COLUMN service_policy.objective.measured_by IS 'Metric that measures it; NULL if none does';

CREATE VIEW service_policy.promise AS
    SELECT v.policy, v.version, v.state, p.item,
           p.entry ->> 'name' AS name,
           service_policy._text_in(p.entry -> 'statement', v.document ->> 'language') AS statement,
           p.entry ->> 'benchmark' AS benchmark
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'promises') p;
COMMENT ON VIEW service_policy.promise IS 'What each version of a policy promises to customers, a row a promise';
COMMENT ON COLUMN service_policy.promise.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.promise.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.promise.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.promise.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.promise.name IS 'Name of the promise';
COMMENT ON COLUMN service_policy.promise.statement IS 'The promise, in the document''s language';
COMMENT ON COLUMN service_policy.promise.benchmark IS 'Benchmark by which it is kept or broken';

CREATE VIEW service_policy.benchmark AS
    SELECT v.policy, v.version, v.state, b.item,
           b.entry ->> 'name' AS name,
           b.entry ->> 'metric' AS metric,
           service_policy._scenario(b.entry -> 'when') AS scenario,
           coalesce(nullif(b.entry -> 'when', 'null'), '{}') AS conditions,
           CASE WHEN d.days IS NULL THEN service_policy._minutes(b.entry ->> 'target') END::numeric(12,2) AS target_minutes,
           d.days AS target_days,
           CASE WHEN d.days IS NOT NULL THEN coalesce(b.entry ->> 'landing', 'same_time') END AS landing,
           b.entry ->> 'calendar' AS calendar,
           coalesce(b.entry ->> 'at_risk', '0.75')::numeric(7,6) AS at_risk,
           (b.entry ->> 'objective')::numeric(7,6) AS objective,
           service_policy._minutes(b.entry ->> 'industry')::numeric(12,2) AS industry_minutes,
           service_policy._words(b.entry -> 'start_on') AS start_on,
           service_policy._words(b.entry -> 'stop_on') AS stop_on,
           service_policy._words(b.entry -> 'pause_on') AS pause_on,
           coalesce(b.entry ->> 'reopen',
                    CASE WHEN b.entry ->> 'metric' IN ('next_response', 'periodic_update') AND service_policy._words(b.entry -> 'start_on') IS NULL
                         THEN 'new_cycle' ELSE 'resume' END) AS reopen
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'benchmarks') b,
           service_policy._working_days(b.entry ->> 'target') d(days);
COMMENT ON VIEW service_policy.benchmark IS 'The targets of each version of a policy, a row a benchmark';
COMMENT ON COLUMN service_policy.benchmark.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.benchmark.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.benchmark.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.benchmark.item IS 'Place in the document''s list, from 0; of equally many conditions the earlier wins';
COMMENT ON COLUMN service_policy.benchmark.name IS 'Name of the benchmark';
COMMENT ON COLUMN service_policy.benchmark.metric IS 'What is measured: first_response, next_response, periodic_update, resolution, closure, ownership, or a metric of its own';
COMMENT ON COLUMN service_policy.benchmark.scenario IS 'When it applies, as people read it';
COMMENT ON COLUMN service_policy.benchmark.conditions IS 'When it applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.benchmark.target_minutes IS 'Minutes that the measured time may take: business time if there is a calendar; NULL if working days are counted';
COMMENT ON COLUMN service_policy.benchmark.target_days IS 'Working days that it may take; NULL if minutes are counted';
COMMENT ON COLUMN service_policy.benchmark.landing IS 'When the last working day ends: same_time of day as the start, or end_of_day; NULL if minutes are counted';
COMMENT ON COLUMN service_policy.benchmark.calendar IS 'Calendar whose opening hours count; NULL is around the clock';
COMMENT ON COLUMN service_policy.benchmark.at_risk IS 'Share of the target from which a clock is at risk';
COMMENT ON COLUMN service_policy.benchmark.objective IS 'Share of clocks that are to meet the target; NULL if none is stated';
COMMENT ON COLUMN service_policy.benchmark.industry_minutes IS 'Minutes that are usual in the industry; NULL if not stated';
COMMENT ON COLUMN service_policy.benchmark.start_on IS 'States in which the clock starts; NULL is the metric''s own start';
COMMENT ON COLUMN service_policy.benchmark.stop_on IS 'States in which the clock ends; NULL is the metric''s own end';
COMMENT ON COLUMN service_policy.benchmark.pause_on IS 'States whose time does not count; NULL if all counts';
COMMENT ON COLUMN service_policy.benchmark.reopen IS 'What a reopened ticket does: resume this clock, or start a new_cycle';

CREATE VIEW service_policy.escalation_level AS
    SELECT v.policy, v.version, v.state, e.item,
           e.entry ->> 'metric' AS metric,
           service_policy._scenario(e.entry -> 'when') AS scenario,
           coalesce(nullif(e.entry -> 'when', 'null'), '{}') AS conditions,
           (l.entry ->> 'level')::numeric::int AS escalation_level,
           (l.entry ->> 'at')::numeric(9,6) AS at_share,
           service_policy._minutes(l.entry ->> 'before')::numeric(12,2) AS before_minutes,
           service_policy._minutes(l.entry ->> 'after')::numeric(12,2) AS after_minutes,
           (l.entry ->> 'on_reopened')::numeric::int AS on_reopened_count,
           (l.entry ->> 'on_unanswered')::numeric::int AS on_unanswered_count,
           coalesce(l.entry ->> 'time', 'business') AS counted_in,
           service_policy._minutes(l.entry -> 'repeat' ->> 'every')::numeric(12,2) AS repeat_minutes,
           coalesce((l.entry -> 'repeat' ->> 'times')::numeric::int, 0) AS repeat_count,
           coalesce((l.entry ->> 'wait_for_hours')::boolean, false) AS wait_for_hours,
           coalesce((l.entry ->> 'unless_acknowledged')::boolean, false) AS unless_acknowledged,
           l.entry ->> 'notify' AS notify,
           l.entry ->> 'channel' AS channel,
           service_policy._text_in(nullif(l.entry -> 'subject', 'null'), v.document ->> 'language') AS subject,
           service_policy._text_in(nullif(l.entry -> 'message', 'null'), v.document ->> 'language') AS message,
           l.entry ->> 'assign' AS assign_to,
           l.entry ->> 'priority' AS set_priority,
           l.entry ->> 'call' AS call_function
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'escalations') e,
           service_policy._entries(e.entry -> 'levels') l;
COMMENT ON VIEW service_policy.escalation_level IS 'The chains of escalation of each version of a policy, a row a level';
COMMENT ON COLUMN service_policy.escalation_level.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.escalation_level.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.escalation_level.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.escalation_level.item IS 'Place of its chain in the document''s list, from 0';
COMMENT ON COLUMN service_policy.escalation_level.metric IS 'Metric whose clocks escalate';
COMMENT ON COLUMN service_policy.escalation_level.scenario IS 'When the chain applies, as people read it';
COMMENT ON COLUMN service_policy.escalation_level.conditions IS 'When the chain applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.escalation_level.escalation_level IS 'Number of the level, rising along the chain';
COMMENT ON COLUMN service_policy.escalation_level.at_share IS 'Share of the target at which it fires; NULL if that is not what has it fire';
COMMENT ON COLUMN service_policy.escalation_level.before_minutes IS 'Minutes before the deadline at which it fires; NULL if that is not what has it fire';
COMMENT ON COLUMN service_policy.escalation_level.after_minutes IS 'Minutes after the deadline at which it fires; NULL if that is not what has it fire';
COMMENT ON COLUMN service_policy.escalation_level.on_reopened_count IS 'It fires when the ticket has been reopened so many times; NULL if that is not what has it fire';
COMMENT ON COLUMN service_policy.escalation_level.on_unanswered_count IS 'It fires when the customer has written so many times unanswered; NULL if that is not what has it fire';
COMMENT ON COLUMN service_policy.escalation_level.counted_in IS 'What its minutes are: business time of the benchmark''s calendar, or calendar time';
COMMENT ON COLUMN service_policy.escalation_level.repeat_minutes IS 'Minutes from one firing to the next; NULL if it does not repeat';
COMMENT ON COLUMN service_policy.escalation_level.repeat_count IS 'How often it fires after the first time; 0 if it does not repeat';
COMMENT ON COLUMN service_policy.escalation_level.wait_for_hours IS 'Does it wait for the next opening when it would fire out of business hours?';
COMMENT ON COLUMN service_policy.escalation_level.unless_acknowledged IS 'Is it left out when somebody has acknowledged the escalation?';
COMMENT ON COLUMN service_policy.escalation_level.notify IS 'Whom it tells; NULL if nobody';
COMMENT ON COLUMN service_policy.escalation_level.channel IS 'By which means it tells them; NULL if that is left to the reader';
COMMENT ON COLUMN service_policy.escalation_level.subject IS 'Subject of what they are told, in the policy''s language if it has it; NULL if there is none';
COMMENT ON COLUMN service_policy.escalation_level.message IS 'What they are told, in the policy''s language if it has it; NULL if there is none';
COMMENT ON COLUMN service_policy.escalation_level.assign_to IS 'To whom it assigns the ticket; NULL if to nobody';
COMMENT ON COLUMN service_policy.escalation_level.set_priority IS 'What the ticket''s priority becomes; NULL if it stays';
COMMENT ON COLUMN service_policy.escalation_level.call_function IS 'Function that it calls; NULL if none';

CREATE VIEW service_policy.notification_limit AS
    SELECT v.policy, v.version, v.state,
           CASE WHEN NOT coalesce(v.document -> 'notifications' ? 'per_minute', false) THEN 60
                ELSE (v.document -> 'notifications' ->> 'per_minute')::numeric::int END AS per_minute,
           service_policy._text_in(nullif(v.document #> '{notifications,summary,subject}', 'null'), v.document ->> 'language') AS subject,
           service_policy._text_in(nullif(v.document #> '{notifications,summary,message}', 'null'), v.document ->> 'language') AS message
      FROM service_policy.policy_version v;
COMMENT ON VIEW service_policy.notification_limit IS 'How much goes out in a minute under each version of a policy, a row a version';
COMMENT ON COLUMN service_policy.notification_limit.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.notification_limit.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.notification_limit.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.notification_limit.per_minute IS 'How many notifications go out in a minute, and how many actions; NULL if there is no limit';
COMMENT ON COLUMN service_policy.notification_limit.subject IS 'Subject of what sums up the others, in the policy''s language if it has it; NULL if it is ours';
COMMENT ON COLUMN service_policy.notification_limit.message IS 'What sums up the others, in the policy''s language if it has it; NULL if it is ours';

CREATE VIEW service_policy.refund_rule AS
    SELECT v.policy, v.version, v.state, r.item,
           r.entry ->> 'name' AS name,
           service_policy._scenario(r.entry -> 'when') AS scenario,
           coalesce(nullif(r.entry -> 'when', 'null'), '{}') AS conditions,
           coalesce(r.entry ->> 'version_at', 'opened_at') AS version_at,
           coalesce((r.entry ->> 'final_sale')::boolean, false) AS final_sale,
           w.span::numeric(12,2) AS window_length, w.unit AS window_unit, w.fact AS window_from,
           w.if_missing AS window_if_missing, w.calendar AS window_calendar, w.extends AS window_extends,
           w.campaigns AS window_campaigns, w.duty_fact AS window_duty_fact, w.duty_months AS window_duty_months,
           i.span::numeric(12,2) AS issue_limit_length, i.unit AS issue_limit_unit, i.fact AS issue_limit_from,
           i.if_missing AS issue_limit_if_missing,
           CASE WHEN i.unit <> 'minutes' THEN coalesce(i.calendar, w.calendar) END AS issue_limit_calendar,
           i.extends AS issue_limit_extends, i.campaigns AS issue_limit_campaigns,
           i.duty_fact AS issue_limit_duty_fact, i.duty_months AS issue_limit_duty_months,
           m.amount::numeric(18,6) AS max_amount, m.by_currency AS max_amount_by_currency,
           (r.entry ->> 'max_share')::numeric(7,6) AS max_share,
           coalesce(r.entry ->> 'restocking_fee', '0')::numeric(7,6) AS restocking_fee,
           CASE WHEN s.by_currency IS NULL THEN coalesce(s.amount, 0) END::numeric(18,6) AS shipping_fee,
           s.by_currency AS shipping_fee_by_currency,
           a.amount::numeric(18,6) AS approval_above, a.by_currency AS approval_above_by_currency,
           (r.entry #>> '{per_customer,count}')::numeric::int AS customer_count,
           c.amount::numeric(18,6) AS customer_amount, c.by_currency AS customer_amount_by_currency,
           (r.entry #>> '{per_customer,days}')::numeric::int AS customer_days,
           service_policy._minutes(r.entry ->> 'duplicate_within')::numeric(12,2) AS duplicate_minutes,
           coalesce((r.entry ->> 'agent_is_not_customer')::boolean, false) AS agent_is_not_customer,
           coalesce((r.entry ->> 'four_eyes')::boolean, false) AS four_eyes,
           coalesce(r.entry ->> 'mode', 'enforce') AS mode,
           service_policy._text_in(nullif(r.entry -> 'message', 'null'), v.document ->> 'language') AS message
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'refunds') r,
           service_policy._window(r.entry -> 'window') w,
           service_policy._window(r.entry -> 'issue_limit') i,
           service_policy._money(r.entry -> 'max_amount') m,
           service_policy._money(r.entry -> 'shipping_fee') s,
           service_policy._money(r.entry -> 'approval_above') a,
           service_policy._money(r.entry #> '{per_customer,amount}') c;
COMMENT ON VIEW service_policy.refund_rule IS 'Which refunds each version of a policy allows, a row a rule';
COMMENT ON COLUMN service_policy.refund_rule.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.refund_rule.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.refund_rule.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.refund_rule.item IS 'Place in the document''s list, from 0; of equally many conditions the earlier wins';
COMMENT ON COLUMN service_policy.refund_rule.name IS 'Name of the rule';
COMMENT ON COLUMN service_policy.refund_rule.scenario IS 'When it applies, as people read it';
COMMENT ON COLUMN service_policy.refund_rule.conditions IS 'When it applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.refund_rule.version_at IS 'Fact as of which the version judges that this rule is of; see docs/policy.md';
COMMENT ON COLUMN service_policy.refund_rule.final_sale IS 'Whether nothing is refunded at all';
COMMENT ON COLUMN service_policy.refund_rule.window_length IS 'How long after window_from the customer may ask, in window_unit; NULL if for ever';
COMMENT ON COLUMN service_policy.refund_rule.window_unit IS 'days, working_days, months or minutes; NULL without a window';
COMMENT ON COLUMN service_policy.refund_rule.window_from IS 'Fact at which the window starts, or the first that is known of several; NULL without a window';
COMMENT ON COLUMN service_policy.refund_rule.window_if_missing IS 'What a refund is whose window has no known start: needs_approval, refuse, or open; NULL without a window';
COMMENT ON COLUMN service_policy.refund_rule.window_calendar IS 'Calendar of the window''s zone and working days; NULL is UTC';
COMMENT ON COLUMN service_policy.refund_rule.window_extends IS 'Whether a last day that is no working day extends to the next one; NULL without a window';
COMMENT ON COLUMN service_policy.refund_rule.window_campaigns IS 'Until when what happened in some dates may be asked for at least; NULL if there are no such dates';
COMMENT ON COLUMN service_policy.refund_rule.window_duty_fact IS 'When the customer was told what he has to be told; NULL if that does not matter';
COMMENT ON COLUMN service_policy.refund_rule.window_duty_months IS 'Months by which the window is longer while he was not told; NULL without window_duty_fact';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_length IS 'How long after issue_limit_from the refund may be issued, in issue_limit_unit; NULL if for ever';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_unit IS 'days, working_days, months or minutes; NULL without an issue limit';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_from IS 'Fact at which the issue limit starts, or the first that is known of several; NULL without an issue limit';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_if_missing IS 'What a refund is whose issue limit has no known start: needs_approval, refuse, or open; NULL without an issue limit';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_calendar IS 'Calendar of the issue limit''s zone and working days; NULL is UTC';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_extends IS 'Whether a last day that is no working day extends to the next one; NULL without an issue limit';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_campaigns IS 'Until when what happened in some dates may be issued at least; NULL if there are no such dates';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_duty_fact IS 'When the customer was told what he has to be told; NULL if that does not matter';
COMMENT ON COLUMN service_policy.refund_rule.issue_limit_duty_months IS 'Months by which the issue limit is longer while he was not told; NULL without issue_limit_duty_fact';
COMMENT ON COLUMN service_policy.refund_rule.max_amount IS 'Most that may be refunded of an order, in whatever currency; NULL if there is no limit, or one by currency';
COMMENT ON COLUMN service_policy.refund_rule.max_amount_by_currency IS 'The same where each currency has its own; others need approval';
COMMENT ON COLUMN service_policy.refund_rule.max_share IS 'Most that may be refunded, as a share of what was paid for the line or the order; NULL if there is no limit';
COMMENT ON COLUMN service_policy.refund_rule.restocking_fee IS 'Share of the refund that is kept as a fee; 0 if none';
COMMENT ON COLUMN service_policy.refund_rule.shipping_fee IS 'Amount that is kept of each refund, in whatever currency; 0 if none, NULL if it is by currency';
COMMENT ON COLUMN service_policy.refund_rule.shipping_fee_by_currency IS 'The same where each currency has its own; others need approval';
COMMENT ON COLUMN service_policy.refund_rule.approval_above IS 'Amount above which the refunds of an order need approval, in whatever currency; NULL if none does, or by currency';
COMMENT ON COLUMN service_policy.refund_rule.approval_above_by_currency IS 'The same where each currency has its own; others need approval';
COMMENT ON COLUMN service_policy.refund_rule.customer_count IS 'Refunds that one customer may have within customer_days; NULL if there is no limit';
COMMENT ON COLUMN service_policy.refund_rule.customer_amount IS 'What the refunds of one customer may add up to within customer_days; NULL if there is no limit, or one by currency';
COMMENT ON COLUMN service_policy.refund_rule.customer_amount_by_currency IS 'The same where each currency has its own; others need approval';
COMMENT ON COLUMN service_policy.refund_rule.customer_days IS 'Days of 24 hours that customer_count and customer_amount look back; NULL if there is no limit';
COMMENT ON COLUMN service_policy.refund_rule.duplicate_minutes IS 'Minutes within which a refund just like another one is refused; NULL if that is not looked at';
COMMENT ON COLUMN service_policy.refund_rule.agent_is_not_customer IS 'Whether nobody may refund himself';
COMMENT ON COLUMN service_policy.refund_rule.four_eyes IS 'Whether somebody other than the agent has to approve';
COMMENT ON COLUMN service_policy.refund_rule.mode IS 'What happens to a refund that is not allowed: enforce refuses it, flag records and shows it, observe records it';
COMMENT ON COLUMN service_policy.refund_rule.message IS 'What the customer is told, in the document''s language, unless the reason has a message of its own (see policy_text); NULL if nothing';

CREATE VIEW service_policy.discretion AS
    SELECT v.policy, v.version, v.state, d.item,
           d.entry ->> 'role' AS role,
           (d.entry ->> 'grace_days')::numeric::int AS grace_days,
           m.amount::numeric(18,6) AS max_amount, m.by_currency AS max_amount_by_currency,
           a.amount::numeric(18,6) AS approve_up_to, a.by_currency AS approve_up_to_by_currency,
           (d.entry ->> 'per_month')::numeric::int AS per_month
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'discretion') d,
           service_policy._money(d.entry -> 'max_amount') m,
           service_policy._money(d.entry -> 'approve_up_to') a;
COMMENT ON VIEW service_policy.discretion IS 'What people may decide alone under each version of a policy, a row a role';
COMMENT ON COLUMN service_policy.discretion.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.discretion.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.discretion.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.discretion.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.discretion.role IS 'Database role whose members may do so';
COMMENT ON COLUMN service_policy.discretion.grace_days IS 'Days after a cutoff for which they may still allow a refund; NULL if none';
COMMENT ON COLUMN service_policy.discretion.max_amount IS 'Most that they may allow beyond the rules, in whatever currency; NULL if nothing, or by currency';
COMMENT ON COLUMN service_policy.discretion.max_amount_by_currency IS 'The same where each currency has its own; nothing in others';
COMMENT ON COLUMN service_policy.discretion.approve_up_to IS 'Highest refund that they may approve, in whatever currency; NULL if none, or by currency';
COMMENT ON COLUMN service_policy.discretion.approve_up_to_by_currency IS 'The same where each currency has its own; none in others';
COMMENT ON COLUMN service_policy.discretion.per_month IS 'How often a month one person may do so; NULL if there is no limit';

CREATE VIEW service_policy.procedure AS
    SELECT v.policy, v.version, v.state, p.item,
           p.entry ->> 'name' AS name,
           service_policy._scenario(p.entry -> 'when') AS scenario,
           coalesce(nullif(p.entry -> 'when', 'null'), '{}') AS conditions,
           p.entry ->> 'before' AS before_state,
           jsonb_array_length(p.entry -> 'steps') AS steps
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'procedures') p;
COMMENT ON VIEW service_policy.procedure IS 'What is to be done before a ticket gets into a state, a row a procedure of a version';
COMMENT ON COLUMN service_policy.procedure.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.procedure.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.procedure.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.procedure.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.procedure.name IS 'Name of the procedure';
COMMENT ON COLUMN service_policy.procedure.scenario IS 'When it applies, as people read it';
COMMENT ON COLUMN service_policy.procedure.conditions IS 'When it applies, as the document says it; {} is always';
COMMENT ON COLUMN service_policy.procedure.before_state IS 'State that a ticket gets into only after the steps';
COMMENT ON COLUMN service_policy.procedure.steps IS 'Number of its steps; see procedure_step';

CREATE VIEW service_policy.procedure_step AS
    SELECT v.policy, v.version, v.state, p.item,
           p.entry ->> 'name' AS procedure_name,
           s.item + 1 AS step_number,
           s.entry #>> '{}' AS step
      FROM service_policy.policy_version v,
           service_policy._entries(v.document -> 'procedures') p,
           service_policy._entries(p.entry -> 'steps') s;
COMMENT ON VIEW service_policy.procedure_step IS 'The steps of each procedure, in their order, a row a step';
COMMENT ON COLUMN service_policy.procedure_step.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.procedure_step.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.procedure_step.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.procedure_step.item IS 'Place of its procedure in the document''s list, from 0';
COMMENT ON COLUMN service_policy.procedure_step.procedure_name IS 'Name of the procedure';
COMMENT ON COLUMN service_policy.procedure_step.step_number IS 'Number of the step, from 1';
COMMENT ON COLUMN service_policy.procedure_step.step IS 'Name of the step';

CREATE VIEW service_policy.service_value AS
    SELECT v.policy, v.version, v.state, s.item,
           s.entry ->> 'name' AS name,
           service_policy._text_in(nullif(s.entry -> 'statement', 'null'), v.document ->> 'language') AS statement,
           s.entry ->> 'keep' AS keep,
           split_part(s.entry ->> 'keep', ' ', 1) AS measure,
           split_part(s.entry ->> 'keep', ' ', 2) AS comparison,
           split_part(s.entry ->> 'keep', ' ', 3)::numeric(15,6) AS threshold
      FROM service_policy.policy_version v, service_policy._entries(v.document -> 'values') s;
COMMENT ON VIEW service_policy.service_value IS 'What speed must not be bought with, a row a value of a version';
COMMENT ON COLUMN service_policy.service_value.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.service_value.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.service_value.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.service_value.item IS 'Place in the document''s list, from 0';
COMMENT ON COLUMN service_policy.service_value.name IS 'Name of the value';
COMMENT ON COLUMN service_policy.service_value.statement IS 'The value, in the document''s language; NULL if it is only named';
COMMENT ON COLUMN service_policy.service_value.keep IS 'What has to hold, as the document says it';
COMMENT ON COLUMN service_policy.service_value.measure IS 'What is measured';
COMMENT ON COLUMN service_policy.service_value.comparison IS 'How it compares with the threshold: <, <=, =, >= or >';
COMMENT ON COLUMN service_policy.service_value.threshold IS 'What the measure is compared with';

CREATE VIEW service_policy.policy_text AS
    SELECT v.policy, v.version, v.state, t.path,
           coalesce(l.language, v.document ->> 'language') AS language,
           l.content
      FROM service_policy.policy_version v,
           LATERAL (
               SELECT 'mission' AS path, v.document -> 'mission' AS texts
               UNION ALL
               SELECT format('objectives[%s].statement', item), entry -> 'statement'
                 FROM service_policy._entries(v.document -> 'objectives')
               UNION ALL
               SELECT format('promises[%s].statement', item), entry -> 'statement'
                 FROM service_policy._entries(v.document -> 'promises')
               UNION ALL
               SELECT format('escalations[%s].levels[%s].%s', e.item, l.item, part), l.entry -> part
                 FROM service_policy._entries(v.document -> 'escalations') e,
                      service_policy._entries(e.entry -> 'levels') l,
                      unnest(ARRAY['subject', 'message']) AS part
               UNION ALL
               SELECT 'notifications.summary.' || part, v.document #> ARRAY['notifications', 'summary', part]
                 FROM unnest(ARRAY['subject', 'message']) AS part
               UNION ALL
               SELECT format('refunds[%s].message', item), entry -> 'message'
                 FROM service_policy._entries(v.document -> 'refunds')
               UNION ALL
               SELECT format('refunds[%s].messages.%s', item, key), value
                 FROM service_policy._entries(v.document -> 'refunds'),
                      jsonb_each(CASE jsonb_typeof(entry -> 'messages') WHEN 'object' THEN entry -> 'messages' END)
               UNION ALL
               SELECT format('values[%s].statement', item), entry -> 'statement'
                 FROM service_policy._entries(v.document -> 'values')
           ) t,
           service_policy._languages(t.texts) l;
COMMENT ON VIEW service_policy.policy_text IS 'Every text of each version of a policy in all of its languages, a row a text and language';
COMMENT ON COLUMN service_policy.policy_text.policy IS 'Name of the policy';
COMMENT ON COLUMN service_policy.policy_text.version IS 'Number of the version';
COMMENT ON COLUMN service_policy.policy_text.state IS 'State of the version: draft, pilot, published or retired';
COMMENT ON COLUMN service_policy.policy_text.path IS 'Where the document says it';
COMMENT ON COLUMN service_policy.policy_text.language IS 'Language of the text; NULL if the document does not say';
COMMENT ON COLUMN service_policy.policy_text.content IS 'The text';
