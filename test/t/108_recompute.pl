# After any edit of calendars recompute(), or enough ticks, leaves the open clocks that a new attachment gives to the same
# rows; it reports exactly those that it changed, and touches no other.
# SVP_RECOMPUTE_SEED=n tries other histories and edits, SVP_RECOMPUTE_ROUNDS=n more of them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{SVP_RECOMPUTE_SEED} // 108;
my $rounds = $ENV{SVP_RECOMPUTE_ROUNDS} // 20;
my $ntickets = 40;
srand($seed);

my $node = PostgreSQL::Test::Cluster->new('recompute');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION service_policy;
	INSERT INTO service_policy.calendar (name, time_zone) VALUES ('day', 'Europe/Berlin'), ('night', 'America/New_York');
	INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
		SELECT 'day', weekday, time '09:00', time '17:00' FROM generate_series(1, 5) weekday
		UNION ALL SELECT 'night', weekday, time '22:00', time '06:00' FROM generate_series(1, 6) weekday;
	SELECT service_policy.load_policy('{"policy": "desk", "benchmarks": [
		{"name": "answer", "metric": "first_response", "target": "12 hours", "calendar": "day"},
		{"name": "next", "metric": "next_response", "target": "9 hours", "calendar": "night", "pause_on": ["on_hold"]},
		{"name": "update", "metric": "periodic_update", "target": "2 working days", "calendar": "day"},
		{"name": "solve", "metric": "resolution", "target": "30 hours", "calendar": "day", "pause_on": ["pending"]},
		{"name": "solve_high", "metric": "resolution", "target": "3 working days", "calendar": "night", "when": {"priority": ["high"]}, "pause_on": ["pending", "on_hold"]},
		{"name": "close", "metric": "closure", "target": "60 hours", "calendar": "day", "reopen": "new_cycle"},
		{"name": "triage", "metric": "triage", "target": "60 hours", "start_on": ["open"], "stop_on": ["pending", "resolved"]}]}');
	SELECT service_policy.publish_policy('desk', 1, '2020-01-01Z');
	CREATE SCHEMA crm;
	CREATE TABLE crm.ticket (id int PRIMARY KEY, status text, priority text, created_at timestamptz, updated_at timestamptz);
	CREATE TABLE crm.message (id int PRIMARY KEY, ticket_id int, author text, sent_at timestamptz);
	CREATE TABLE crm.event (number serial, id int, status text, priority text, author text, at timestamptz);
	-- The events from a number on happen to the tables of an attachment.
	CREATE FUNCTION crm.happen(tickets regclass, messages regclass, first int) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		event crm.event;
	BEGIN
		FOR event IN SELECT * FROM crm.event WHERE number >= first ORDER BY number LOOP
			IF event.author IS NOT NULL THEN
				EXECUTE format('INSERT INTO %s VALUES ($1, $2, $3, $4)', messages) USING event.number, event.id, event.author, event.at;
			ELSE
				EXECUTE format('INSERT INTO %s VALUES ($1, $2, $3, $4, $4) ON CONFLICT (id) DO UPDATE SET status = $2, priority = $3, updated_at = $4', tickets)
					USING event.id, event.status, event.priority, event.at;
			END IF;
		END LOOP;
	END $$;
	CREATE FUNCTION crm.put_under_policy(name text, tickets regclass, messages regclass) RETURNS void LANGUAGE sql AS $$
		SELECT service_policy.attach(name, tickets, 'desk', '{id}',
			'{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "priority": "priority"}',
			'{"new": "open", "waiting": "pending", "blocked": "on_hold", "solved": "resolved", "closed": "closed", "spam": "void"}');
		SELECT service_policy.attach_messages(name, messages, '{id}', '{"ticket": ["ticket_id"], "sent_at": "sent_at", "author": "author", "public": "true"}');
	$$;
	SELECT crm.put_under_policy('desk', 'crm.ticket', 'crm.message');
});

sub one_of { return $_[ rand @_ ] }

# More events, each later than all before; the desk is at work from January to March 2026.
my $minute = 0;
sub more_events
{
	my ($n) = @_;
	my $first = $node->safe_psql('postgres', 'SELECT count(*) + 1 FROM crm.event');
	my @values;
	for (1 .. $n)
	{
		my $id = 1 + int rand $ntickets;
		my $at = sprintf "timestamptz '2026-01-05 00:00Z' + interval '%d minutes'", $minute += int rand 120;
		push @values, rand() < 0.4
			? sprintf "(%d, NULL, NULL, '%s', %s)", $id, one_of('customer', 'agent'), $at
			: sprintf "(%d, '%s', %s, NULL, %s)", $id, one_of('new', 'new', 'new', 'waiting', 'waiting', 'blocked', 'solved', 'closed', 'spam'),
				one_of("'high'", 'NULL'), $at;
	}
	$node->safe_psql('postgres', 'INSERT INTO crm.event (id, status, priority, author, at) VALUES ' . join(', ', @values) . ';'
		. "SELECT crm.happen('crm.ticket', 'crm.message', $first)");
	return;
}

# An edit of a calendar that leaves it with opening hours.
sub edit
{
	my $calendar = one_of('day', 'night');
	my $date = sprintf "date '2026-01-05' + %d", int rand 100;
	return one_of(
		"INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('$calendar', $date)",
		"INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('$calendar', $date)",
		"INSERT INTO service_policy.calendar_date (calendar, on_date, opens, closes) VALUES ('$calendar', $date, '10:00', '12:30')",
		"INSERT INTO service_policy.calendar_date (calendar, on_date, yearly) VALUES ('$calendar', $date, true)",
		"DELETE FROM service_policy.calendar_date WHERE calendar = '$calendar' AND on_date < $date",
		sprintf("UPDATE service_policy.calendar_hours SET closes = closes + interval '%d minutes' WHERE calendar = '$calendar' AND weekday = %d",
			int(rand 90) - 45, 1 + int rand 5),
		"UPDATE service_policy.calendar SET time_zone = '" . one_of('Europe/Berlin', 'Asia/Kolkata', 'America/New_York', 'UTC') . "' WHERE name = '$calendar'",
		"UPDATE service_policy.calendar SET deadline_at_close = '" . one_of('closing', 'next_opening') . "' WHERE name = '$calendar'",
		"UPDATE service_policy.calendar SET description = 'edited' WHERE name = '$calendar'");
}

# What must be equal of two clocks.
my $reading = 'id, metric, cycle, benchmark, policy_version, calendar, state, started_at, started_on, due_at, at_risk_at, target_us, elapsed_us, paused_us, counted_from, paused_at, stopped_at, stopped_on, priority';
my $is_open = q{state IN ('running', 'paused')};

my ($moved, $kept) = (0, 0);
for my $round (1 .. $rounds)
{
	more_events($round == 1 ? 400 : 1 + int rand 30);
	my @edits = map { edit() } 1 .. 1 + int rand 3;
	$node->safe_psql('postgres', join(';', @edits) . qq{;
		CREATE TABLE crm.before AS SELECT $reading, disputed, xmin AS writer FROM desk_data.clock;
		CREATE TABLE crm.last_move AS SELECT coalesce(max(move_id), 0) AS last FROM desk_data.deadline_move;
		CREATE TABLE crm.report (ticket text[], metric text, cycle int);
	});
	my $ticks = rand() < 0.4;
	$node->safe_psql('postgres', $ticks ? 'SELECT service_policy.tick(3);' x 30
		: 'INSERT INTO crm.report SELECT ticket, metric, cycle FROM service_policy.recompute($$desk$$)');
	my $how = "round $round, " . ($ticks ? 'by ticks' : 'at once') . ', after ' . join('; ', @edits);

	$node->safe_psql('postgres', q{
		CREATE TABLE crm.ticket_again (LIKE crm.ticket INCLUDING ALL);
		CREATE TABLE crm.message_again (LIKE crm.message INCLUDING ALL);
		SELECT crm.put_under_policy('again', 'crm.ticket_again', 'crm.message_again');
		SELECT crm.happen('crm.ticket_again', 'crm.message_again', 1);
	});
	is($node->safe_psql('postgres', qq{
		SELECT 'kept', * FROM (SELECT $reading FROM desk_data.clock WHERE $is_open EXCEPT SELECT $reading FROM again_data.clock) a
		UNION ALL
		SELECT 'wanted', * FROM (SELECT $reading FROM again_data.clock WHERE $is_open EXCEPT SELECT $reading FROM desk_data.clock) b}),
		'', "the open clocks are those of a new attachment: $how");
	is($node->safe_psql('postgres', qq{
		SELECT id, metric, cycle FROM (SELECT $reading FROM desk_data.clock EXCEPT SELECT $reading FROM crm.before) changed
		EXCEPT SELECT id, metric, cycle FROM desk_data.deadline_move, crm.last_move l WHERE move_id > l.last}), '', 'each that changed is recorded');
	is($node->safe_psql('postgres', qq{
		SELECT id, metric, cycle FROM desk_data.deadline_move, crm.last_move l WHERE move_id > l.last
		EXCEPT SELECT id, metric, cycle FROM (SELECT $reading FROM desk_data.clock EXCEPT SELECT $reading FROM crm.before) changed}), '', 'and no other is');
	is($node->safe_psql('postgres', qq{
		(SELECT id::text, metric, cycle FROM desk_data.deadline_move, crm.last_move l WHERE move_id > l.last
		 EXCEPT SELECT ticket[1], metric, cycle FROM crm.report)
		UNION ALL (SELECT ticket[1], metric, cycle FROM crm.report
		 EXCEPT SELECT id::text, metric, cycle FROM desk_data.deadline_move, crm.last_move l WHERE move_id > l.last)}), '', 'the report is the record')
		unless $ticks;
	is($node->safe_psql('postgres', qq{
		SELECT c.id, c.metric FROM desk_data.clock c JOIN crm.before b USING (id, metric, cycle)
		 WHERE b.writer <> c.xmin AND NOT (b.$is_open)}), '', 'no judged clock was written');
	is($node->safe_psql('postgres', qq{
		SELECT c.id, c.metric FROM desk_data.clock c JOIN crm.before b USING (id, metric, cycle)
		 WHERE b.writer <> c.xmin AND NOT EXISTS (SELECT FROM desk_data.deadline_move m, crm.last_move l
			WHERE m.move_id > l.last AND (m.id, m.metric, m.cycle) = (c.id, c.metric, c.cycle))}), '', 'nor one that does not move') unless $ticks;
	$moved += $node->safe_psql('postgres', 'SELECT count(*) FROM desk_data.deadline_move, crm.last_move l WHERE move_id > l.last');
	$kept += $node->safe_psql('postgres', "SELECT count(*) FROM desk_data.clock WHERE $is_open AND calendar IS NOT NULL AND calendar_revision <> service_policy.calendar_revision(calendar)");
	$node->safe_psql('postgres', q{SELECT service_policy.detach('again', false);
		DROP TABLE crm.ticket_again, crm.message_again, crm.before, crm.last_move, crm.report});
}
cmp_ok($moved, '>', 5 * $rounds, "clocks moved: $moved");
cmp_ok($kept, '>', $rounds, "clocks were looked at and did not: $kept");
$node->stop;
done_testing();
