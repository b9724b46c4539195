# Actions through what happens to a server and its sessions: killed and cancelled amid them, a crash, workers, an agent who has the ticket, a
# dump.  What an action did and that it is done are there together, once.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Desk;

my $tickets = 400;
my $node = PostgreSQL::Test::Cluster->new('action');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nclient_min_messages = error");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION service_policy;
	CREATE ROLE owner; CREATE ROLE ticker LOGIN;
	GRANT EXECUTE ON FUNCTION service_policy.tick TO ticker;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO owner;
	GRANT ALL ON ALL TABLES IN SCHEMA service_policy TO owner;
	GRANT CREATE ON DATABASE postgres TO owner;
	CREATE SCHEMA crm AUTHORIZATION owner;
	SET ROLE owner;
	SELECT service_policy.load_policy('{"policy": "late",
		"benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
		"escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "assign": "tier2"}, {"level": 2, "after": "2 hours", "priority": "urgent", "call": "crm.page"}]}],
		"notifications": {"per_minute": null}}');
	SELECT service_policy.publish_policy('late', 1, '2000-01-01');
	CREATE TABLE crm.ticket (id int PRIMARY KEY, status text, priority text, team text, times int DEFAULT 0, created_at timestamptz);
	SELECT service_policy.attach('late', 'crm.ticket', 'late', '{id}', '{"opened_at": "created_at", "state": "status", "priority": "priority", "team": "team"}',
		'{"new": "open", "done": "resolved"}');
	CREATE FUNCTION crm.assign(e jsonb) RETURNS void LANGUAGE sql AS $$
		UPDATE crm.ticket SET team = e ->> 'assign', times = times + 1 WHERE id = (e -> 'ticket' ->> 0)::int $$;
	CREATE FUNCTION crm.set_priority(e jsonb) RETURNS void LANGUAGE sql AS $$
		UPDATE crm.ticket SET priority = e ->> 'priority', times = times + 1 WHERE id = (e -> 'ticket' ->> 0)::int $$;
	CREATE FUNCTION crm.page(e jsonb) RETURNS void LANGUAGE sql AS $$ UPDATE crm.ticket SET times = times + 1 WHERE id = (e -> 'ticket' ->> 0)::int $$;
	CREATE FUNCTION crm.sleep(e jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM crm.page(e); PERFORM pg_sleep(100); END $$;
	SELECT service_policy.register_action('late', action, function)
	  FROM (VALUES ('assign', 'crm.assign'), ('priority', 'crm.set_priority'), ('crm.page', 'crm.page')) f (action, function)});

sub insert_late
{
	my ($database, $from, $to) = @_;
	$node->safe_psql($database, "INSERT INTO crm.ticket SELECT i, 'new', 'low', NULL, 0, now() - interval '90 minutes' * (1 + i % 2) FROM generate_series($from, $to) AS i");
	return;
}

sub again
{
	my ($database) = @_;
	$node->safe_psql($database, q{UPDATE late_data.escalation_action SET attempt_at = now() WHERE state = 'pending'});
	return;
}

# Tickets to which something else was done than is on record, or than ought to be: those with an odd number are past level 2.
my $unlike = q{SELECT count(*) FROM crm.ticket t JOIN (SELECT id, count(*) AS deeds, count(*) FILTER (WHERE state = 'done') AS done FROM late_data.escalation_action GROUP BY id) a USING (id)
	WHERE (t.times, t.team, t.priority) IS DISTINCT FROM (CASE t.id % 2 WHEN 1 THEN 3 ELSE 1 END, 'tier2', CASE t.id % 2 WHEN 1 THEN 'urgent' ELSE 'low' END)
	   OR a.deeds <> t.times OR a.done <> t.times};
my @as_ticker = (extra_params => [ '-U', 'ticker' ]);

# Two sessions tick without end; the server is killed amid them, again and again.
insert_late('postgres', 1, $tickets);
my ($amid, $before) = (0, 0);
while (1)
{
	my @sessions = map { session($node, 'postgres', '-U', 'ticker') } 0, 1;
	foreach my $session (@sessions)
	{
		$session->{in} .= "DO \$\$ BEGIN LOOP PERFORM service_policy.tick(5); COMMIT; END LOOP; END \$\$;\n";
		$session->{run}->pump_nb;
	}
	$node->poll_query_until('postgres', 'SELECT sum(times) > ' . ($before + 50) . " OR sum(times) = $tickets * 2 FROM crm.ticket") or die 'nothing was done';
	kill 'KILL', $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO %' LIMIT 1});
	$_->{run}->kill_kill foreach @sessions;
	$node->poll_query_until('postgres', 'SELECT true') or die 'it does not come back';
	$before = $node->safe_psql('postgres', 'SELECT sum(times) FROM crm.ticket');
	last if $before == $tickets * 2;
	is($node->safe_psql('postgres', q{SELECT sum(times) = (SELECT count(*) FROM late_data.escalation_action WHERE state = 'done') FROM crm.ticket}), 't',
		'what was done and what is said to be are the same') if $amid++ == 0;
	# what two ticks did at once may have been in each other's way
	again('postgres');
}
cmp_ok($amid, '>', 0, 'the server was killed amid ticks');
is($node->safe_psql('postgres', $unlike), 0, 'each thing was done once');
is($node->safe_psql('postgres', 'SELECT service_policy.tick(), service_policy.next_tick_at() > now()'), '0|t', 'nothing is left to do');

# Killed between the action and the commit.
$node->safe_psql('postgres', 'DELETE FROM crm.ticket');
insert_late('postgres', 1001, 1001);
my $session = session($node, 'postgres', '-U', 'ticker');
is($session->ask('BEGIN; SELECT service_policy.tick()'), 2, 'a tick has fired and acted');
kill 'KILL', $session->ask('SELECT pg_backend_pid()');
$session->{run}->kill_kill;
$node->poll_query_until('postgres', 'SELECT true') or die 'it does not come back';
is($node->safe_psql('postgres', 'SELECT times FROM crm.ticket UNION ALL SELECT count(*) FROM late_data.escalation WHERE id = 1001'), "0\n0", '… and nothing of it is there');
is($node->safe_psql('postgres', 'SELECT service_policy.tick(); SELECT service_policy.tick()', @as_ticker), "2\n0", 'the next one does it');
is($node->safe_psql('postgres', $unlike), 0, '… once');

# Cancelled by a user: the tick ends, and neither an attempt nor what was done before remains.
$node->safe_psql('postgres', q{DELETE FROM crm.ticket; SELECT service_policy.register_action('late', 'crm.page', 'crm.sleep')});
insert_late('postgres', 2001, 2001);
my $sleeps = q{SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = 'ticker' AND wait_event = 'PgSleep'};
$session = session($node, 'postgres', '-U', 'ticker');
$session->ask('SET client_min_messages = warning');
$session->{in} .= "SELECT service_policy.tick();\n";
$session->{run}->pump_nb;
$node->poll_query_until('postgres', $sleeps) or die 'it does not sleep';
$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'ticker'});
is($session->ask('SELECT 1'), 1, 'it can be cancelled');
like($session->{err}, qr/ERROR:  canceling statement due to user request/, '… and ends as cancelled');
is($node->safe_psql('postgres', 'SELECT times FROM crm.ticket UNION ALL SELECT count(*) FROM late_data.escalation_action WHERE id = 2001'), "0\n0", '… with nothing done');
is($session->ask(q{SET statement_timeout = '300ms'; SELECT service_policy.tick()}), '', 'likewise by statement_timeout');
like($session->{err}, qr/ERROR:  canceling statement due to statement timeout/, '… which is not taken for an action that failed');

# Its own limit: the others are done, and the session goes on.
my $started = time;
is($session->ask('SET statement_timeout = 0; SELECT service_policy.tick()'), 2, 'left alone it fires');
cmp_ok(time - $started, '<', 30, '… and does not sleep for long');
like($session->{err}, qr/WARNING:  1 action of attachment "late" failed: crm.page of ticket 2001: it took longer than 1000 milliseconds/, '… but says so');
is($session->ask('SELECT pg_sleep(1.2)'), '', 'nothing of the limit is left in the session');
is($session->{err}, '', '… it cancels nothing else');
is($node->safe_psql('postgres', q{SELECT team, t.priority, times FROM crm.ticket t}), 'tier2|urgent|2', 'what else there was to do is done');
is($node->safe_psql('postgres', q{SELECT string_agg(action || ' ' || handling || ' ' || attempts, ', ' ORDER BY action) FROM late.escalation_actions WHERE id = 2001}),
	'assign done 1, crm.page pending 1, priority done 1', '… and each attempt is noted once');
$session->quit;

# An agent has the ticket, and then waits for its clock, which the tick has: it is not the agent who is ended.
$node->safe_psql('postgres', q{DELETE FROM crm.ticket; SELECT service_policy.register_action('late', 'crm.page', 'crm.page')});
insert_late('postgres', 3001, 3001);
my $agent = session($node, 'postgres');
$agent->ask('BEGIN; SELECT FROM crm.ticket FOR UPDATE');
$session = session($node, 'postgres');
is($session->ask('BEGIN; SELECT service_policy.tick()'), 2, 'a tick fires while an agent has the ticket');
is($session->ask('SELECT DISTINCT last_error FROM late.escalation_actions WHERE id = 3001'), 'canceling statement due to lock timeout', '… and leaves it to him');
$agent->{in} .= "UPDATE crm.ticket SET status = 'new', priority = 'high';\n";
$agent->{run}->pump_nb;
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%high%'}) or die 'the agent does not wait';
is($session->ask(q{UPDATE late_data.escalation_action SET attempt_at = now() WHERE state = 'pending'; SELECT service_policy.tick()}), 0, '… who waits for it meanwhile');
is($session->ask('SELECT DISTINCT last_error, attempts FROM late.escalation_actions WHERE id = 3001'), 'deadlock detected|2', '… which the tick finds first');
is($session->ask('COMMIT'), '', '… and ends');
is($agent->ask('COMMIT; SELECT 1'), 1, 'the agent goes on');
is($agent->{err}, '', '… without an error');
is($node->safe_psql('postgres', 'SELECT priority, times FROM crm.ticket'), 'high|0', 'what he wrote is there');
again('postgres');
is($node->safe_psql('postgres', 'SELECT service_policy.tick(); SELECT priority, team, times FROM crm.ticket'), "0\nurgent|tier2|3", 'then it is done');
$agent->quit;
$session->quit;

# A dump that is restored has what is registered, and goes on with what was not done.
insert_late('postgres', 4001, 4002);
$node->safe_psql('postgres', q{SELECT service_policy.suspend_actions('late'); SELECT service_policy.tick(); SELECT service_policy.resume_actions('late')});
foreach my $options ([ 'plain' ], [ 'custom', '-Fc' ])
{
	my ($database, @options) = @$options;
	my $dump = $node->basedir . "/$database";
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->command_ok([ 'pg_dump', '-f', $dump, @options, $node->connstr('postgres') ], "$database: dumped");
	$node->command_ok(@options ? [ 'pg_restore', '--exit-on-error', '-j2', '-d', $node->connstr($database), $dump ]
		: [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, $node->connstr($database) ], "$database: restored");
	is($node->safe_psql($database, 'SELECT string_agg(action || function, $$ $$ ORDER BY action) FROM service_policy.action'),
		'assigncrm.assign crm.pagecrm.page prioritycrm.set_priority', "$database: what is registered is there");
	is($node->safe_psql($database, 'SELECT service_policy.tick(); SELECT service_policy.tick()'), "0\n0", "$database: nothing fires again");
	is($node->safe_psql($database, "$unlike AND id > 4000"), 0, "$database: what was not done is, and nothing else");
}

# Workers run them, within their limits, and come back for what is to be tried again.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'service_policy'\nservice_policy.worker_naptime = 1s");
$node->restart;
$node->safe_psql('postgres', q{DELETE FROM crm.ticket; SELECT service_policy.register_action('late', 'priority', 'crm.sleep')});
insert_late('postgres', 5001, 5003);
$node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM late_data.escalation_action WHERE id > 5000 AND action = 'priority' AND attempts > 0 AND state = 'pending'})
	or die 'the workers do nothing';
is($node->safe_psql('postgres', q{SELECT id, action, state, done_at IS NOT NULL FROM late_data.escalation_action WHERE id > 5000 ORDER BY 1, 2}),
	join("\n", '5001|assign|done|t', '5001|crm.page|done|t', '5001|priority|pending|f', '5002|assign|done|t', '5003|assign|done|t', '5003|crm.page|done|t', '5003|priority|pending|f'),
	'a worker does what it can, and gives up what sleeps');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT last_error, ',') FROM late.escalation_actions WHERE id > 5000}), 'it took longer than 1000 milliseconds', '… which is said');
$node->safe_psql('postgres', q{SELECT service_policy.register_action('late', 'priority', 'crm.set_priority')});
again('postgres');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM late_data.escalation_action WHERE state = 'pending' AND id > 5000}), 'put right, it is done');
is($node->safe_psql('postgres', "$unlike AND id > 5000"), 0, '… once');
is($node->safe_psql('postgres', q{SELECT failures FROM service_policy.worker_status WHERE database_name = 'postgres'}), 0, 'the workers did not fail');

# A copy that is restored and suspended in one transaction, beside workers: what becomes due there is recorded, and nothing is done.
my $dump = "$PostgreSQL::Test::Utils::tmp_check/late.sql";
$node->safe_psql('postgres', q{CREATE DATABASE copy; INSERT INTO crm.ticket VALUES (6001, 'new', 'low', NULL, 0, now() - interval '1 hour' + interval '5 seconds')});
$node->command_ok([ 'pg_dump', '-f', $dump, 'postgres' ], 'production is dumped');
$node->command_ok([ 'psql', '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-d', 'copy', '-f', $dump, '-c', q{SELECT service_policy.suspend_actions(NULL, reason => 'a copy')} ],
	'… and restored into a copy');
foreach my $database ('postgres', 'copy')
{
	ok($node->poll_query_until($database, 'SELECT count(*) = 1 FROM late_data.escalation_action WHERE id = 6001'), "$database: the ticket is late");
}
ok($node->poll_query_until('postgres', q{SELECT times = 1 FROM crm.ticket WHERE id = 6001}), 'production acts');
is($node->safe_psql('copy', q{SELECT service_policy.tick(); SELECT times, team FROM crm.ticket WHERE id = 6001; SELECT handling, suspended_count FROM late.escalation_actions WHERE id = 6001}),
	"0\n0|\npending|1", 'the copy does not');
$node->safe_psql('copy', q{SELECT service_policy.resume_actions(NULL); SELECT service_policy.tick()});
ok($node->poll_query_until('copy', q{SELECT times = 1 FROM crm.ticket WHERE id = 6001}), '… until it is resumed');

$node->stop;
done_testing();
