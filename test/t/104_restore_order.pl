# Configuration is restored whatever the order in which its tables come: pg_restore with several jobs keeps none.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('restore_order');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION service_policy;
	INSERT INTO service_policy.calendar (name, time_zone) VALUES ('support', 'Europe/Lisbon');
	INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('support', 1, '09:00', '18:00');
	INSERT INTO service_policy.calendar_date (calendar, on_date, name) VALUES ('support', '2026-12-25', 'Christmas');
	SELECT service_policy.load_policy('{"policy": "support", "benchmarks": [
		{"name": "first", "metric": "first_response", "target": "8 hours", "calendar": "support"}]}') FROM generate_series(1, 3);
	SELECT service_policy.publish_policy('support', 1, '2020-01-01Z');
	SELECT service_policy.publish_policy('support', 2, '2100-01-01Z');
});

my @tables = map { "service_policy.$_" } qw(calendar calendar_hours calendar_date policy policy_version);

sub rows
{
	my ($database) = @_;
	return join "\n", map { $node->safe_psql($database, "SELECT t FROM $_ t ORDER BY t::text COLLATE \"C\"") } @tables;
}

my $dump = $PostgreSQL::Test::Utils::tmp_check . '/restore_order.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('postgres') ], 'dump');

# The archive's own order of rows, reversed: what refers to something comes before it.
my ($list) = run_command([ 'pg_restore', '-l', $dump ]);
my @entries = split /\n/, $list;
my @data = grep { / TABLE DATA / } @entries;
is(scalar(grep { / TABLE DATA service_policy / } @data) >= 5, 1, 'the dump has the rows of the configuration');
my $reversed = "$dump.list";
append_to_file($reversed, join("\n", (grep { !/ TABLE DATA / } @entries), reverse @data) . "\n");

$node->safe_psql('postgres', 'CREATE DATABASE reversed');
$node->command_ok([ 'pg_restore', '-e', '-L', $reversed, '-d', $node->connstr('reversed'), $dump ], 'restore in the reversed order');
is(rows('reversed'), rows('postgres'), 'all rows are there');

$node->safe_psql('postgres', 'CREATE DATABASE parallel');
$node->command_ok([ 'pg_restore', '-e', '-j', '4', '-d', $node->connstr('parallel'), $dump ], 'restore with several jobs');
is(rows('parallel'), rows('postgres'), 'all rows are there');
is($node->safe_psql('parallel', q{SELECT service_policy.policy_in_force('support', '2099-12-31Z')}), 1, 'and the policy is in force');

# The checks are back in other sessions.
my ($status, $out, $error) = $node->psql('parallel',
	q{INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('suport', 1, '09:00', '18:00')});
isnt($status, 0, 'hours of no calendar are refused');
like($error, qr/calendar "suport" does not exist.*refers to it.*Insert it into service_policy\.calendar first/s, 'with a remedy');
($status, $out, $error) = $node->psql('parallel', q{DELETE FROM service_policy.policy});
like($error, qr/violates foreign key constraint/, 'and a policy with versions is not deleted');

$node->stop;
done_testing();
