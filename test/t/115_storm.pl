# Six who send notifications amid a storm: each escalation is told once by itself or counted in one summary, none is lost.
# Minutes pass as often as somebody says so.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('storm');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION service_policy;
	CREATE SEQUENCE ticket_id;
	CREATE TABLE ticket (id int PRIMARY KEY DEFAULT nextval('ticket_id'), status text, team text, at timestamptz);
	CREATE TABLE handed_out (id text, is_summary boolean, by int, at timestamptz DEFAULT clock_timestamp());
	SELECT service_policy.load_policy('{"policy": "gust", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
		"escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 0.5, "notify": "lead"}, {"level": 2, "at": 1, "notify": "lead", "channel": "chat"}]}],
		"notifications": {"per_minute": 7}}');
	SELECT service_policy.publish_policy('gust', 1, '2020-01-01');
	SELECT service_policy.attach('gust', 'ticket', 'gust', '{id}', '{"opened_at": "at", "state": "status"}', '{"new": "open", "done": "resolved"}')});

my $dir = PostgreSQL::Test::Utils::tempdir();
my %scripts = (
	sends => q{INSERT INTO handed_out SELECT id, ticket = '{}', :client_id FROM service_policy.claim('gust', 4);},
	confirms => q{SELECT count(service_policy.confirm('gust', id)) FROM (SELECT id FROM handed_out WHERE by = :client_id ORDER BY at DESC LIMIT 8) h;},
	opens => q{INSERT INTO ticket (status, at) SELECT 'new', now() - interval '2 hours' FROM generate_series(1, 10);
		SELECT service_policy.tick();},
	solves => q{UPDATE ticket SET status = 'done' WHERE id IN (SELECT id FROM ticket WHERE status = 'new' ORDER BY id DESC LIMIT 2 FOR UPDATE SKIP LOCKED);},
	# one at a time, and nobody is waited for
	minute => q{BEGIN; SELECT pg_advisory_xact_lock(1);
		UPDATE gust_data.escalation SET claimed_at = claimed_at - interval '1 minute', beyond_limit_at = beyond_limit_at - interval '1 minute' WHERE (tableoid, ctid) IN
			(SELECT tableoid, ctid FROM gust_data.escalation WHERE claimed_at > now() - interval '1 minute' FOR UPDATE SKIP LOCKED);
		UPDATE gust_data.escalation_summary SET summarised_at = summarised_at - interval '1 minute' WHERE (tableoid, ctid) IN
			(SELECT tableoid, ctid FROM gust_data.escalation_summary WHERE summarised_at > now() - interval '1 minute' FOR UPDATE SKIP LOCKED);
		COMMIT;});
append_to_file("$dir/$_", "$scripts{$_}\n") foreach keys %scripts;
my $result = run_log([ 'pgbench', '-n', '-c', 6, '-t', 150, '-f', "$dir/sends\@6", '-f', "$dir/confirms\@3", '-f', "$dir/opens\@2", '-f', "$dir/solves\@1",
		'-f', "$dir/minute\@1", $node->connstr('postgres') ], '>', \my $report, '2>', \my $complaint);
ok($result && $report !~ /number of failed transactions: [1-9]/, 'nobody failed') or diag($report, $complaint);
my $summaries = $node->safe_psql('postgres', 'SELECT count(*) FROM gust.escalation_summaries WHERE escalation_count > 1');
cmp_ok($summaries, '>', 2, "there were $summaries summaries");

# What is left is told, too, once those before are sent.
foreach my $round (1 .. 100)
{
	last if $node->safe_psql('postgres', q{SELECT count(*) FROM gust.outbox WHERE handling = 'pending'}) == 0;
	$node->safe_psql('postgres', "SET client_min_messages = error; $scripts{minute} SELECT service_policy.confirm('gust', id) FROM handed_out;
		INSERT INTO handed_out SELECT id, ticket = '{}', 0 FROM service_policy.claim('gust', 100)");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM gust.outbox WHERE handling = 'pending'}), 0, 'nothing is left');
is($node->safe_psql('postgres', 'SELECT id, count(*) FROM handed_out GROUP BY id HAVING count(*) > 1'), '', 'nothing was handed out twice');
is($node->safe_psql('postgres', q{SELECT count(*) FILTER (WHERE (h.id IS NOT NULL) <> (e.state IN ('claimed', 'done'))), count(*) > 100
		FROM gust_data.escalation e LEFT JOIN handed_out h ON h.id = jsonb_build_array(e.id::text, metric, cycle, escalation_level, occurrence)::text}),
	'0|t', 'what was handed out by itself is claimed or done, and nothing else is');
is($node->safe_psql('postgres', q{SELECT count(*) FROM gust_data.escalation WHERE (summary_id IS NOT NULL) <> (state = 'summarised') OR state NOT IN ('claimed', 'done', 'summarised', 'suppressed')}),
	0, 'the others are summed up, or their ticket is over');
is($node->safe_psql('postgres', q{SELECT count(*) FROM gust_data.escalation_summary s
		WHERE escalations <> (SELECT count(*) FROM gust_data.escalation e WHERE e.summary_id = s.summary_id)
		   OR tickets <> (SELECT count(DISTINCT id) FROM gust_data.escalation e WHERE e.summary_id = s.summary_id)
		   OR NOT EXISTS (SELECT FROM handed_out WHERE id = jsonb_build_array('summary', s.summary_id)::text)}),
	0, 'each summary was handed out, and counts what names it');

$node->stop;
done_testing();
