# Escalations while the wall clock jumps, forward and back, and while somebody holds the tables: nothing fires twice, and nothing is lost.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'libfaketime is not installed' if !defined $faketime;

# The server's time is what this file says; each session reads it anew.
my $time = PostgreSQL::Test::Utils::tempdir() . '/now';
sub set_time { my ($now) = @_; append_to_file("$time.new", "$now\n"); rename "$time.new", $time or die $!; return; }
set_time('2026-03-02 10:00:00');
chmod 0644, $time;

my $node = PostgreSQL::Test::Cluster->new('jump');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\nlog_statement = none");
{
	local %ENV = (%ENV, TZ => 'UTC', LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $time, FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1);
	$node->start;
}
sub sql { return $node->safe_psql('postgres', join('; ', @_)); }
is(sql('SELECT now()::timestamp(0)'), '2026-03-02 10:00:00', 'the clock is ours');
sql(q{CREATE EXTENSION service_policy;
	SELECT service_policy.load_policy('{"policy": "late", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
		"escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "lead", "repeat": {"every": "1 hour", "times": 1}},
			{"level": 2, "after": "4 hours", "notify": "boss"}]}]}');
	SELECT service_policy.publish_policy('late', 1, '2000-01-01');
	CREATE TABLE ticket (id int PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
	SELECT service_policy.attach('late', 'ticket', 'late', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"new": "open", "done": "resolved"}')});
sub fired { return sql(q{SELECT string_agg(id || ':' || escalation_level || '.' || occurrence, ' ' ORDER BY id, escalation_level, occurrence) FROM late_data.escalation}); }

my $session = session($node, 'postgres');
sub tick { return $session->ask('SELECT service_policy.tick()'); }
sql(q{INSERT INTO ticket VALUES (1, 'new', '2026-03-02 09:00:00'), (2, 'new', '2026-03-02 09:30:00')});
is(tick(), 1, 'one is late');
set_time('2026-03-02 08:00:00');
is(tick(), 0, 'two hours back, nothing fires');
sql(q{INSERT INTO ticket VALUES (3, 'new', '2026-03-02 06:30:00')});
is(tick(), 1, '… but what is due then, though this session had been further');
is(fired(), '1:1.1 3:1.1', 'each once');
set_time('2026-03-02 10:00:30');
is(tick(), 1, 'when the clock is back what fired before stays fired') or diag fired();
is(fired(), '1:1.1 3:1.1 3:1.2', '… and what has become due fires');
set_time('2026-03-02 23:00:00');
is(tick(), 6, 'half a day forward: all that was due meanwhile');
is(tick(), 0, '… once');
set_time('2026-03-02 10:00:00');
is(tick(), 0, 'and back: nothing again');
set_time('2026-03-03 10:00:00');
is(tick(), 0, 'nor a day later');
is(fired(), '1:1.1 1:1.2 1:2.1 2:1.1 2:1.2 2:2.1 3:1.1 3:1.2 3:2.1', 'each level of each ticket, once');

# What is overdue when it is written waits for the time at which it was written.
sql(q{INSERT INTO ticket VALUES (4, 'new', '2026-03-01 00:00:00')});
set_time('2026-03-03 09:00:00');
is(tick(), 0, 'overdue, and the clock set back');
set_time('2026-03-03 10:00:10');
is(tick(), 3, 'it fires when that time has come again');

# Tables that somebody has locked.
my $blocker = session($node, 'postgres');
my $id = 10;
foreach my $table (qw(clock escalation escalation_action))
{
	$id++;
	sql("INSERT INTO ticket VALUES ($id, 'new', '2026-03-03 08:30:00')");
	$blocker->ask("BEGIN; LOCK TABLE late_data.$table");
	my ($status, $out, $err) = $node->psql('postgres', 'SELECT service_policy.tick()');
	like("$status $err", qr/^0 .*WARNING:  the (clocks|actions) of attachment "late" could not be (recomputed|escalated|read): canceling statement due to lock timeout/s, "$table is locked: a tick does not wait, and says so");
	$blocker->ask('ROLLBACK');
	sql('SELECT service_policy.tick()');
	is(sql("SELECT string_agg(escalation_level || '.' || occurrence, ' ') FROM late_data.escalation WHERE id = $id"), '1.1', '… and it fires, once');
}
$session->quit;
$blocker->quit;
$node->stop;
done_testing();
