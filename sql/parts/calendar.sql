-- Calendars: opening hours as rows, and arithmetic in them (src/calendar.c).

CREATE TABLE service_policy.calendar (
    name              text PRIMARY KEY
                      CONSTRAINT calendar_name_is_not_empty CHECK (name <> ''),
    time_zone         text NOT NULL,
    deadline_at_close text NOT NULL DEFAULT 'closing'
                      CONSTRAINT deadline_at_close_is_closing_or_next_opening
                      CHECK (deadline_at_close IN ('closing', 'next_opening')),
    description       text
);
COMMENT ON TABLE service_policy.calendar IS
    'Calendars: a time zone with weekly opening hours (calendar_hours) and dated exceptions (calendar_date)';
COMMENT ON COLUMN service_policy.calendar.name IS 'Name by which functions and policies refer to the calendar';
COMMENT ON COLUMN service_policy.calendar.time_zone IS 'Time zone of the opening hours, a name in pg_timezone_names';
COMMENT ON COLUMN service_policy.calendar.deadline_at_close IS
    'Where a deadline goes that falls exactly on closing time: closing (that instant) or next_opening';
COMMENT ON COLUMN service_policy.calendar.description IS 'For people';

CREATE TABLE service_policy.calendar_hours (
    calendar   text NOT NULL REFERENCES service_policy.calendar (name) ON UPDATE CASCADE ON DELETE CASCADE,
    weekday    int NOT NULL
               CONSTRAINT weekday_is_1_for_monday_to_7_for_sunday CHECK (weekday BETWEEN 1 AND 7),
    opens      time NOT NULL
               CONSTRAINT opens_is_before_24_00 CHECK (opens < '24:00'),
    closes     time NOT NULL,
    valid_from date,
    valid_to   date,
    CONSTRAINT valid_from_is_before_valid_to CHECK (valid_from < valid_to)
);
COMMENT ON TABLE service_policy.calendar_hours IS
    'Weekly opening hours, in local time; several rows for a weekday are several windows';
COMMENT ON COLUMN service_policy.calendar_hours.calendar IS 'Calendar that is open in this window';
COMMENT ON COLUMN service_policy.calendar_hours.weekday IS 'ISO day of the week on which the window opens: 1 is Monday, 7 is Sunday';
COMMENT ON COLUMN service_policy.calendar_hours.opens IS 'Local time at which the window opens';
COMMENT ON COLUMN service_policy.calendar_hours.closes IS
    'Local time at which the window closes: on the next day if it is not after opens; 24:00 is midnight';
COMMENT ON COLUMN service_policy.calendar_hours.valid_from IS 'First date on which these hours hold; NULL: always have';
COMMENT ON COLUMN service_policy.calendar_hours.valid_to IS 'First date on which these hours no longer hold; NULL: no end';

CREATE TABLE service_policy.calendar_date (
    calendar text NOT NULL REFERENCES service_policy.calendar (name) ON UPDATE CASCADE ON DELETE CASCADE,
    on_date  date NOT NULL
             CONSTRAINT on_date_is_in_the_years_1_to_9999
             CHECK (on_date BETWEEN '0001-01-01' AND '9999-12-31'),
    opens    time
             CONSTRAINT opens_is_before_24_00 CHECK (opens < '24:00'),
    closes   time,
    yearly   boolean NOT NULL DEFAULT false,
    name     text,
    CONSTRAINT opens_and_closes_are_both_given_or_both_null CHECK ((opens IS NULL) = (closes IS NULL))
);
COMMENT ON TABLE service_policy.calendar_date IS
    'Dated exceptions: a date with rows here has their hours instead of the weekly ones; a row without hours closes the date';
COMMENT ON COLUMN service_policy.calendar_date.calendar IS 'Calendar that this is an exception of';
COMMENT ON COLUMN service_policy.calendar_date.on_date IS 'Local date of the exception; of a yearly one month and day count';
COMMENT ON COLUMN service_policy.calendar_date.opens IS 'Local time at which a window opens on that date; NULL: closed';
COMMENT ON COLUMN service_policy.calendar_date.closes IS
    'Local time at which the window closes: on the next day if it is not after opens; 24:00 is midnight';
COMMENT ON COLUMN service_policy.calendar_date.yearly IS
    'Recurs every year on this month and day (29 February in leap years); a row that is not yearly goes before';
COMMENT ON COLUMN service_policy.calendar_date.name IS 'What the exception is, for people';

-- Neither table has a key: two holidays may share a date, and nothing is wrong with a row that is there twice.
-- Logical replication identifies their rows by all columns.
ALTER TABLE service_policy.calendar_hours REPLICA IDENTITY FULL;
ALTER TABLE service_policy.calendar_date REPLICA IDENTITY FULL;
CREATE INDEX calendar_hours_calendar ON service_policy.calendar_hours (calendar);
CREATE INDEX calendar_date_calendar ON service_policy.calendar_date (calendar);

CREATE FUNCTION service_policy._calendar_check() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'svp_calendar_check';
COMMENT ON FUNCTION service_policy._calendar_check() IS
    'Trigger of service_policy.calendar: refuses a time zone that the zone database does not have';
CREATE TRIGGER calendar_check BEFORE INSERT OR UPDATE OF time_zone ON service_policy.calendar
    FOR EACH ROW EXECUTE FUNCTION service_policy._calendar_check();

CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.calendar
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.calendar
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.calendar ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;
CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.calendar_hours
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.calendar_hours
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.calendar_hours ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;
CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE ON service_policy.calendar_date
    FOR EACH ROW EXECUTE FUNCTION service_policy._config_changed();
CREATE TRIGGER config_truncated AFTER TRUNCATE ON service_policy.calendar_date
    FOR EACH STATEMENT EXECUTE FUNCTION service_policy._config_changed();
ALTER TABLE service_policy.calendar_date ENABLE ALWAYS TRIGGER config_changed, ENABLE ALWAYS TRIGGER config_truncated;

SELECT pg_catalog.pg_extension_config_dump('service_policy.calendar', '');
SELECT pg_catalog.pg_extension_config_dump('service_policy.calendar_hours', '');
SELECT pg_catalog.pg_extension_config_dump('service_policy.calendar_date', '');

CREATE FUNCTION service_policy.business_elapsed(calendar text, started timestamptz, ended timestamptz)
    RETURNS interval LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_business_elapsed';
COMMENT ON FUNCTION service_policy.business_elapsed(text, timestamptz, timestamptz) IS
    'Opening hours of a calendar between two instants, as an interval of time only; negative if ended is before started';

CREATE FUNCTION service_policy.business_seconds(calendar text, started timestamptz, ended timestamptz)
    RETURNS double precision LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_business_seconds';
COMMENT ON FUNCTION service_policy.business_seconds(text, timestamptz, timestamptz) IS
    'Opening hours of a calendar between two instants, in seconds; negative if ended is before started';

CREATE FUNCTION service_policy.business_deadline(calendar text, started timestamptz, budget interval)
    RETURNS timestamptz LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_business_deadline';
COMMENT ON FUNCTION service_policy.business_deadline(text, timestamptz, interval) IS
    'First instant by which a budget of business time is used up; a negative budget walks backward';

CREATE FUNCTION service_policy.business_days_deadline(calendar text, started timestamptz, days int, landing text DEFAULT 'same_time')
    RETURNS timestamptz LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_business_days_deadline';
COMMENT ON FUNCTION service_policy.business_days_deadline(text, timestamptz, int, text) IS
    'The given number of working days after an instant, at the same_time or at the end_of_day; the day of the instant does not count';

CREATE FUNCTION service_policy.is_business_time(calendar text, at timestamptz)
    RETURNS boolean LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_is_business_time';
COMMENT ON FUNCTION service_policy.is_business_time(text, timestamptz) IS
    'Is the calendar open at this instant?  Open at the opening instant, closed at the closing one';

CREATE FUNCTION service_policy.next_opening(calendar text, at timestamptz)
    RETURNS timestamptz LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_sql_next_opening';
COMMENT ON FUNCTION service_policy.next_opening(text, timestamptz) IS
    'First instant strictly after this one at which the calendar opens; NULL if it never does again';

CREATE FUNCTION service_policy.next_closing(calendar text, at timestamptz)
    RETURNS timestamptz LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_sql_next_closing';
COMMENT ON FUNCTION service_policy.next_closing(text, timestamptz) IS
    'First instant strictly after this one at which the calendar closes; NULL if it never does again';

CREATE FUNCTION service_policy.business_windows(calendar text, from_at timestamptz, to_at timestamptz,
                                                OUT opens_at timestamptz, OUT closes_at timestamptz)
    RETURNS SETOF record LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME', 'svp_business_windows';
COMMENT ON FUNCTION service_policy.business_windows(text, timestamptz, timestamptz) IS
    'The windows of opening hours between two instants, in order, cut at both';

CREATE FUNCTION service_policy.calendar_revision(calendar text)
    RETURNS bigint LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'svp_sql_calendar_revision';
COMMENT ON FUNCTION service_policy.calendar_revision(text) IS
    'A number that changes with whatever changes the calendar''s answers: its zone, hours and exceptions; names and the order of rows do not count';
