# Configuration that logical replication brings reaches the sessions of the subscriber, as do edits with triggers off.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
create_desk($publisher, 'shop');
$publisher->safe_psql('shop', 'DELETE FROM service_policy.calendar_hours WHERE weekday > 1');
$publisher->safe_psql('shop', q{CREATE PUBLICATION policy FOR TABLE service_policy.calendar, service_policy.calendar_hours,
	service_policy.calendar_date, service_policy.policy, service_policy.policy_version});

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE EXTENSION service_policy');
my $session = session($subscriber, 'postgres');
my $seconds = q{SELECT service_policy.business_seconds('desk', '2024-01-08 00:00Z', '2024-01-09 00:00Z')};
my $in_force = q{SELECT service_policy.policy_in_force('desk', '2100-01-01Z')};
is($session->ask($seconds), '', 'there is no such calendar yet');
like($session->{err}, qr/calendar "desk" does not exist/, '… which the error says');
is($session->ask($in_force), '', 'and no such policy');

$subscriber->safe_psql('postgres', sprintf q{CREATE SUBSCRIPTION policy CONNECTION $c$%s$c$ PUBLICATION policy}, $publisher->connstr('shop'));
$subscriber->wait_for_subscription_sync($publisher, 'policy');
is($session->ask($seconds), 8 * 3600, 'the first copy is heard of');
is($session->ask($in_force), 1, '… of policies too');

sub replicate
{
	$publisher->safe_psql('shop', shift);
	$publisher->wait_for_catchup('policy');
	return;
}
replicate(q{UPDATE service_policy.calendar_hours SET closes = '13:00'});
is($session->ask($seconds), 4 * 3600, 'an UPDATE of hours');
replicate(q{INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2024-01-08')});
is($session->ask($seconds), 0, 'an INSERT of a holiday');
replicate(q{DELETE FROM service_policy.calendar_date});
is($session->ask($seconds), 4 * 3600, 'its DELETE');
replicate(q{INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2024-01-08')});
is($session->ask($seconds), 0, 'it is back');
replicate(q{TRUNCATE service_policy.calendar_date});
is($session->ask($seconds), 4 * 3600, 'a TRUNCATE');
replicate(q{SELECT service_policy.publish_policy('desk', service_policy.load_policy('{"policy": "desk"}'), '2099-01-01Z')});
is($session->ask($in_force), 2, 'a policy that is published');

$subscriber->safe_psql('postgres', q{SET session_replication_role = replica; UPDATE service_policy.calendar_hours SET closes = '10:00'});
is($session->ask($seconds), 3600, 'an edit by a session that replicates by itself');
is($session->ask(q{SET session_replication_role = replica; UPDATE service_policy.calendar_hours SET closes = '11:00' RETURNING 'edited'}), 'edited', 'its own');
is($session->ask($seconds), 2 * 3600, '… counts as well');

# The evidence too: of tickets that come back among new ones in one statement no row is sent twice.
create_counted($publisher, 'shop');
$publisher->safe_psql('shop', 'CREATE PUBLICATION evidence FOR TABLE counted_data.ledger, counted_data.clock');
foreach my $table (qw(ledger clock))
{
	my $columns = $publisher->safe_psql('shop', "SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 'counted_data.$table'::regclass AND attnum > 0");
	my $key = $table eq 'ledger' ? 'id, seq' : 'id, metric, cycle';
	$subscriber->safe_psql('postgres', "CREATE SCHEMA IF NOT EXISTS counted_data; CREATE TABLE counted_data.$table ($columns, PRIMARY KEY ($key))");
}
$subscriber->safe_psql('postgres', sprintf q{CREATE SUBSCRIPTION evidence CONNECTION $c$%s$c$ PUBLICATION evidence}, $publisher->connstr('shop'));
$subscriber->wait_for_subscription_sync($publisher, 'evidence');
$publisher->safe_psql('shop', 'DELETE FROM crm.counted WHERE id BETWEEN 3 AND 6');
$publisher->safe_psql('shop', q{INSERT INTO crm.counted SELECT i, 0, '2024-01-08 09:00Z', '2024-01-08 09:00Z' FROM generate_series(40, 1, -1) i ON CONFLICT DO NOTHING});
$publisher->wait_for_catchup('evidence');
my $evidence = q{SELECT id, seq, event FROM counted_data.ledger ORDER BY 1, 2};
is($subscriber->safe_psql('postgres', $evidence), $publisher->safe_psql('shop', $evidence), 'evidence is replicated');
like($subscriber->safe_psql('postgres', $evidence), qr/^6\|3\|/m, '… of tickets that came back');

$session->quit;
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION policy');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION evidence');
$subscriber->stop;
$publisher->stop;
done_testing();
