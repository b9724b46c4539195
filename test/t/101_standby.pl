# A hot standby answers from the views, and hears of every edit of the configuration when it replays it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
create_desk($primary, 'shop');

sub edit
{
	my ($sql) = @_;
	$primary->safe_psql('shop', $sql, extra_params => [ '-U', 'desk_admin' ]);
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	return;
}
edit('SELECT 1');

my $analyst = session($standby, 'shop', '-U', 'desk_analyst');
is($analyst->ask('SELECT pg_is_in_recovery()'), 't', 'this is a standby');
foreach my $view (qw(ticket_status compliance compliance_daily issues refund_log))
{
	my $query = "SELECT * FROM desk.$view ORDER BY 1";
	# what is still running has gone on meanwhile
	$query = 'SELECT clock_id, benchmark, status, due_at FROM desk.ticket_status ORDER BY 1' if $view eq 'ticket_status';
	my $answer = $analyst->ask($query);
	isnt($answer, '', "$view answers");
	is($answer, $primary->safe_psql('shop', $query), '… as on the primary');
}
is($analyst->ask(q{SELECT service_policy.explain_ticket('desk', '{1}')}),
	$primary->safe_psql('shop', q{SELECT service_policy.explain_ticket('desk', '{1}')}), 'a ticket is explained as on the primary');
my $refund = q{SELECT decision, reason, cutoff_at FROM service_policy.refund_check('desk', '["1"]')};
like($analyst->ask($refund), qr/^allowed\|\|2024-02-02 /, 'what is said of a refund');
is($analyst->ask($refund), $primary->safe_psql('shop', $refund), '… is said on the primary');
is($analyst->{err}, '', 'without a complaint');

# Calendars: the open session has compiled this one, and counts on by it.
my $seconds = q{SELECT service_policy.business_seconds('desk', '2024-01-08 00:00Z', '2024-01-09 00:00Z')};
my $counted = q{SELECT elapsed_minutes FROM desk.ticket_status WHERE id = 4 AND metric = 'resolution'};
is($analyst->ask($seconds), 8 * 3600, 'eight hours a day');
my $before = $analyst->ask($counted);
edit(q{UPDATE service_policy.calendar_hours SET closes = '13:00'});
is($analyst->ask($seconds), 4 * 3600, 'the new hours count at once');
cmp_ok($analyst->ask($counted), '<', $before * 0.6, 'in the views too');
edit(q{INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ('desk', '2024-01-08')});
is($analyst->ask($seconds), 0, 'and a holiday');
edit(q{DELETE FROM service_policy.calendar_date});
is($analyst->ask($seconds), 4 * 3600, 'and that it was none');
edit(q{BEGIN; UPDATE service_policy.calendar_hours SET closes = '11:00'; ROLLBACK});
is($analyst->ask($seconds), 4 * 3600, 'but not what was rolled back');
$primary->safe_psql('shop', 'TRUNCATE service_policy.calendar_date, service_policy.calendar_hours');
edit(q{INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES ('desk', 1, '10:00', '11:00')});
is($analyst->ask($seconds), 3600, 'and hours that were all replaced');

# In a transaction with an old snapshot.
$analyst->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
$analyst->ask('SELECT count(*) FROM desk.compliance');
edit(q{UPDATE service_policy.calendar_hours SET closes = '12:00'});
$analyst->ask($seconds);
$analyst->ask('COMMIT');
is($analyst->ask($seconds), 2 * 3600, 'a transaction that began before leaves nothing old behind');

# Policies.
my $in_force = q{SELECT service_policy.policy_in_force('desk', '2100-01-01Z')};
is($analyst->ask($in_force), 1, 'the first version is in force');
edit(q{SELECT service_policy.publish_policy('desk', service_policy.load_policy('{"policy": "desk"}'), '2099-01-01Z')});
is($analyst->ask($in_force), 2, 'the second, at once');
edit(q{SELECT service_policy.retire_policy('desk', 2)});
is($analyst->ask($in_force), '', 'and none once it is withdrawn');

# Suspensions.
my $suspended = q{SELECT service_policy._suspended_until('desk')};
is($analyst->ask($suspended), '', 'nothing is suspended');
edit(q{SELECT service_policy.suspend_actions('desk')});
is($analyst->ask($suspended), 'infinity', 'it is, at once');
edit(q{SELECT service_policy.resume_actions('desk')});
is($analyst->ask($suspended), '', 'and no more');

# The standby becomes the primary: the same session's configuration still follows.
$standby->promote;
$standby->safe_psql('shop', q{UPDATE service_policy.calendar_hours SET closes = '13:00'});
is($analyst->ask($seconds), 3 * 3600, 'after a promotion edits are heard of too');
$standby->safe_psql('shop', q{UPDATE crm.ticket SET status_id = 3, updated_at = '2024-01-08 15:00Z' WHERE id = 1}, extra_params => [ '-U', 'desk_app' ]);
is($analyst->ask(q{SELECT outcome FROM desk.compliance WHERE id = 1 AND metric = 'resolution'}), 'met', 'and tickets are measured');

$analyst->quit;
$standby->stop;
$primary->stop;
done_testing();
