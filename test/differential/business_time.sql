-- The extension's answers beside those of business_time.py.
CREATE TABLE given_and_got AS
SELECT q.*, CASE what
    WHEN 'elapsed' THEN service_policy.business_seconds(calendar, to_timestamp(a), to_timestamp(b))::bigint::text
    WHEN 'deadline' THEN extract(epoch FROM service_policy.business_deadline(calendar, to_timestamp(a), make_interval(secs => n)))::bigint::text
    WHEN 'days_deadline' THEN extract(epoch FROM service_policy.business_days_deadline(calendar, to_timestamp(a), n, landing))::bigint::text
    WHEN 'is_open' THEN service_policy.is_business_time(calendar, to_timestamp(a))::int::text
    WHEN 'next_opening' THEN extract(epoch FROM service_policy.next_opening(calendar, to_timestamp(a)))::bigint::text
    WHEN 'next_closing' THEN extract(epoch FROM service_policy.next_closing(calendar, to_timestamp(a)))::bigint::text
    WHEN 'windows' THEN (SELECT string_agg(format('%s-%s', extract(epoch FROM opens_at)::bigint, extract(epoch FROM closes_at)::bigint), ' ' ORDER BY opens_at)
                         FROM service_policy.business_windows(calendar, to_timestamp(a), to_timestamp(b)))
    END AS got
FROM question q;
