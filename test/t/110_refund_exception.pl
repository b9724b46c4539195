# Exceptions under many sessions at once, through a crash and through prepared transactions: each is used by one refund
# or by none, and no more are granted in a month than the policy says.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('exception');
$node->init;
$node->append_conf('postgresql.conf', "max_prepared_transactions = 5\nlog_statement = none");
$node->start;
create_desk($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE SEQUENCE crm.number START 1000;
	GRANT USAGE ON crm.number TO desk_app;
	CREATE ROLE desk_lead;
	CREATE ROLE desk_lea LOGIN IN ROLE desk_lead;
	SELECT service_policy.load_policy(jsonb_set(document, '{discretion}', document -> 'discretion' || '{"role": "desk_lead", "grace_days": 7, "per_month": 25}'))
	  FROM service_policy.policy_version WHERE policy = 'desk';
	SELECT service_policy.publish_policy('desk', 2)});
my @as_app = (extra_params => [ '-U', 'desk_app' ]);
my $dir = PostgreSQL::Test::Utils::tempdir();

# So many of ours for a ticket; a refund that comes three days too late.
sub grant
{
	my ($ticket, $count) = @_;
	$node->safe_psql('postgres', qq{SELECT service_policy.grant_exception('desk', '{"ticket": [$ticket]}', 'snow', 3, expires_at => '2100-01-01Z')
		FROM generate_series(1, $count)}, extra_params => [ '-U', 'desk_admin' ]);
	return;
}
sub late_refund
{
	my ($id, $ticket) = @_;
	return "INSERT INTO crm.refund VALUES ($id, $ticket, 20, 50, '2024-01-02 12:00Z', '2024-02-03 12:00Z')";
}
sub hammer
{
	my ($name, $user, $isolation, $sql) = @_;
	append_to_file("$dir/$name.sql", $sql);
	my @tries = $isolation eq 'read committed' ? () : ('--max-tries', 10000);
	my $result = run_log([ 'pgbench', '-n', '-c', 6, '-t', 20, @tries, '-U', $user, '-f', "$dir/$name.sql",
			$node->connstr('postgres') . " options='-c default_transaction_isolation=" . ($isolation =~ s/ /\\\\ /r) . "'" ], '>', '/dev/null', '2>', \my $complaint);
	diag($complaint) if !$result;
	ok($result, "$isolation: nothing failed but what the policy refused");
	return;
}

# 120 late refunds of two tickets, and 15 exceptions for each.
my $ticket = 1;
foreach my $isolation ('read committed', 'repeatable read', 'serializable')
{
	next if $isolation ne 'read committed' && !is_at_least($node, 15);    # there pgbench gives up
	my $next = $ticket + 1;
	grant($_, 15) foreach $ticket, $next;
	hammer("refund_$ticket", 'desk_app', $isolation, qq{\\set ticket random($ticket, $next)
		DO \$\$ BEGIN @{[ late_refund(q{nextval('crm.number')}, ':ticket') ]}; EXCEPTION WHEN check_violation THEN NULL; END \$\$;\n});
	is($node->safe_psql('postgres', qq{
		SELECT count(*), count(DISTINCT u.id) FILTER (WHERE u.status = 'used'), count(*) FILTER (WHERE r.exception_id = u.exception_id AND r.decision = 'allowed')
		  FROM desk.exception_use u LEFT JOIN desk.refund_log r USING (id) WHERE u.ticket_id IN ($ticket, $next)}),
		'30|30|30', "$isolation: each exception was used by one refund, and says so");
	is($node->safe_psql('postgres', "SELECT count(*) FROM crm.refund WHERE id >= 1000 AND ticket_id IN ($ticket, $next)"), '30', "$isolation: and no refund went without");
	$ticket += 2;
}

# 25 a month for 120 who ask, all in one person's name.
hammer('grant', 'desk_lea', 'read committed', qq{DO \$\$ BEGIN
	PERFORM service_policy.grant_exception('desk', '{"ticket": [99]}', 'snow', 3); EXCEPTION WHEN insufficient_privilege THEN NULL; END \$\$;\n});
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT grant_number), max(grant_number) FROM desk_data.exception WHERE granted_by = 'desk_lea'}),
	'25|25|25', 'no more than the policy gives a month');

# A use that is not committed is lost in a crash; one that is prepared is neither open nor used until it is decided.
grant(50, 2);
my $state = 'SELECT status, count(*) FROM desk.exception_use WHERE ticket_id = 50 GROUP BY 1 ORDER BY 1';
my $app = session($node, 'postgres', '-U', 'desk_app');
$app->ask('BEGIN; ' . late_refund(199, 50));
is($app->{err}, '', 'an exception is used');
$node->stop('immediate');
$app->{run}->kill_kill;
$node->start;
is($node->safe_psql('postgres', $state), 'open|2', 'after a crash an exception is open that an open transaction had used');
foreach my $end ('ROLLBACK', 'COMMIT')
{
	$node->safe_psql('postgres', 'BEGIN; ' . late_refund(200, 50) . "; PREPARE TRANSACTION 'refund'", @as_app);
	$node->stop('immediate');
	$node->start;
	my (undef, undef, $complaint) = $node->psql('postgres', q{SET lock_timeout = '100ms'; } . late_refund(201, 50), @as_app);
	like($complaint, qr/lock timeout.*using exception \d+ for a refund/s, 'a prepared transaction goes on using it, and who waits is told what for');
	$node->safe_psql('postgres', "$end PREPARED 'refund'", @as_app);
	is($node->safe_psql('postgres', $state), $end eq 'COMMIT' ? "open|1\nused|1" : 'open|2', "$end PREPARED decides");
}

$node->stop;
done_testing();
