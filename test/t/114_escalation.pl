# Escalations through what happens to a server: a session that is killed amid its ticks, a crash, a standby, a dump.  Nothing fires twice,
# nothing is lost.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $tickets = 8000;
my $node = PostgreSQL::Test::Cluster->new('escalation');
$node->init(allows_streaming => 1);
# a commit that was heard of is kept, so that the count of what fired can be held against the table
$node->append_conf('postgresql.conf', "log_statement = none\nrestart_after_crash = on");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION service_policy;
    SELECT service_policy.load_policy('{"policy": "late",
        "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
        "escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "manager", "repeat": {"every": "1 hour", "times": 2}},
            {"level": 2, "after": "4 hours", "notify": "director"}, {"level": 3, "after": "20000 hours", "notify": "nobody"}]}]}');
    SELECT service_policy.publish_policy('late', 1, '2000-01-01');
    CREATE TABLE ticket (id int PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
    SELECT service_policy.attach('late', 'ticket', 'late', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"new": "open", "done": "resolved"}')});
# those with an odd number are past level 2, the others past its repetitions
sub insert_late
{
	my ($from, $to) = @_;
	$node->safe_psql('postgres', "INSERT INTO ticket SELECT i, 'new', now() - interval '4 hours' * (1 + i % 2) FROM generate_series($from, $to) AS i");
	return;
}
my $wanted = q{SELECT count(*), sum(escalation_level * 10 + occurrence) FROM late_data.escalation};
my $unlike = q{SELECT count(*) FROM ticket t JOIN late_data.clock c USING (id)
    WHERE (SELECT string_agg(escalation_level || '.' || occurrence, ' ' ORDER BY escalation_level, occurrence) FROM late_data.escalation e WHERE e.id = t.id)
       IS DISTINCT FROM CASE t.id % 2 WHEN 1 THEN '1.1 1.2 1.3 2.1' ELSE '1.1 1.2 1.3' END
       OR c.escalation_level <> 1 + t.id % 2 OR c.next_escalation_at IS NULL OR c.next_escalation_at < now()};

# Two sessions tick without end; the server is killed amid them, again and again.
insert_late(1, $tickets);
my $amid = 0;
my $before = 0;
while (1)
{
	my @sessions = map { session($node, 'postgres') } 0, 1;
	foreach my $session (@sessions)
	{
		$session->{in} .= "DO \$\$ BEGIN LOOP PERFORM service_policy.tick(10); COMMIT; END LOOP; END \$\$;\n";
		$session->{run}->pump_nb;
	}
	$node->poll_query_until('postgres', 'SELECT count(*) > ' . ($before + 500) . " OR count(*) = $tickets / 2 * 7 FROM late_data.escalation")
	  or die 'nothing was fired';
	kill 'KILL', $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO %' LIMIT 1});
	$_->{run}->kill_kill foreach @sessions;
	$node->poll_query_until('postgres', 'SELECT true') or die 'it does not come back';
	$before = $node->safe_psql('postgres', 'SELECT count(*) FROM late_data.escalation');
	last if $before == $tickets / 2 * 7;
	$amid++;
}
cmp_ok($amid, '>', 0, 'the server was killed amid ticks');
is($node->safe_psql('postgres', 'SELECT service_policy.tick()'), 0, 'nothing is due any more');
is($node->safe_psql('postgres', $unlike), 0, 'each level fired once, and the clocks know it');
is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT FROM late_data.escalation GROUP BY id, metric, cycle, escalation_level, occurrence HAVING count(*) > 1) AS twice}),
	0, 'none is there twice');

# A standby has the views and fires nothing; promoted, it goes on from there.
insert_late($tickets + 1, $tickets + 10);
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('escalation_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', 'SELECT service_policy.tick(5)');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
my $there = $node->safe_psql('postgres', $wanted);
is($standby->safe_psql('postgres', 'SELECT service_policy.tick()'), 0, 'a standby fires nothing');
is($standby->safe_psql('postgres', $wanted), $there, 'and shows what was fired');
my $effect = 'SELECT escalation_level, escalation_count, repeat_count, open_count FROM late.escalation_effectiveness ORDER BY 1';
like($standby->safe_psql('postgres', $effect), qr/^1\|\d+\|\d+\|0\n2\|/, 'and what came of it');
is($standby->safe_psql('postgres', $effect), $node->safe_psql('postgres', $effect), '… as on the primary');
$node->stop('immediate');
$standby->promote;
is($standby->safe_psql('postgres', 'SELECT service_policy.tick(); SELECT service_policy.tick()'), "17\n0", 'promoted, it fires the rest, once') or diag $there;
is($standby->safe_psql('postgres', $unlike), 0, 'nothing twice, nothing lost');

# A dump that is restored knows what has fired.
$standby->safe_psql('postgres', q{INSERT INTO ticket VALUES (900000, 'new', now() - interval '4 hours')});
my $dump = $standby->basedir . '/dump.sql';
$standby->command_ok([ 'pg_dump', '-f', $dump, $standby->connstr('postgres') ], 'dumped');
$standby->safe_psql('postgres', 'CREATE DATABASE restored');
$standby->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, $standby->connstr('restored') ], 'restored');
is($standby->safe_psql('restored', 'SELECT service_policy.tick(); SELECT service_policy.tick()'), "3\n0", 'what was not fired then is, and nothing else');
is($standby->safe_psql('restored', $unlike), 0, 'nothing twice, nothing lost');

# Found from where the last tick of the session ended: but what a long transaction wrote before, too, once a minute at the latest.
my $session = session($standby, 'postgres');
is($session->ask('SELECT service_policy.tick()'), 3, 'a session that ticks');
is($session->ask(q{SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT service_policy.tick()}), 0, 'again');
$standby->safe_psql('postgres', q{INSERT INTO ticket VALUES (900002, 'new', now() - interval '4 hours')});
is($session->ask('SELECT service_policy.tick()'), 3, 'what is written late and due before is found');
$standby->safe_psql('postgres', q{UPDATE late_data.clock SET escalation_level = NULL, next_escalation_at = now() - interval '1 day' WHERE id = 900002});
is($session->ask('SELECT service_policy.tick(); SELECT escalation_level FROM late_data.clock WHERE id = 900002'), "0\n", 'what is far behind is not read …');
is($standby->safe_psql('postgres', 'SELECT service_policy.tick(); SELECT escalation_level FROM late_data.clock WHERE id = 900002'), "0\n1", '… but by one that begins anew; it has fired before');

$session->quit;
$standby->stop;
done_testing();
