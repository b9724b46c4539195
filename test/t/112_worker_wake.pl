# What a ticket's own transaction makes due is done by a worker when it is due, however long the naptime is: once it has committed, and not else.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('wake');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'service_policy'\nservice_policy.worker_naptime = 1d\nmax_prepared_transactions = 1\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION service_policy;
	SELECT service_policy.load_policy('{"policy": "late", "benchmarks": [{"name": "solve", "metric": "resolution", "target": "1 hour"}],
		"escalations": [{"metric": "resolution", "levels": [{"level": 1, "at": 1, "notify": "manager"}]}]}');
	SELECT service_policy.publish_policy('late', 1, '2000-01-01');
	CREATE TABLE ticket (id serial PRIMARY KEY, status text NOT NULL, created_at timestamptz NOT NULL);
	SELECT service_policy.attach('late', 'ticket', 'late', ARRAY['id'], '{"opened_at": "created_at", "state": "status"}', '{"new": "open", "done": "resolved"}')});

# A ticket that escalates in so many seconds.
sub ticket { my ($seconds) = @_; return "INSERT INTO ticket (status, created_at) VALUES ('new', clock_timestamp() - interval '1 hour' + interval '$seconds seconds')"; }
sub sql { return $node->safe_psql('postgres', join('; ', @_)); }
sub poll { my ($query, $what) = @_; return ok($node->poll_query_until('postgres', $query), $what); }
my $fired = 0;
sub fires { my ($what) = @_; $fired++; poll("SELECT count(*) = $fired FROM late_data.escalation", $what); return poll_idle(); }

# Nobody is there; in how many seconds somebody comes, rounded up to hundreds.
sub poll_idle { return $node->poll_query_until('postgres', q{SELECT state = 'waiting' AND next_pass_at > now() + '90 seconds' FROM service_policy.worker_status}); }
sub planned { return sql('SELECT ceil(extract(epoch FROM next_pass_at - now()) / 100) * 100 FROM service_policy.worker_status'); }
my $never = 86400;

poll_idle();
sql(ticket(1.5));
fires('what is inserted fires when it is due');
is(planned(), $never, '… and nothing else is known to come');
sql('BEGIN', ticket(1), 'COMMIT', 'SELECT 1');
fires('… of a transaction too');
sql(ticket(-600));
fires('what is overdue when it is written fires at once');

sql('BEGIN', ticket(1), 'ROLLBACK');
is(planned(), $never, 'what is taken back wakes nobody');
sql('BEGIN', ticket(3000), 'SAVEPOINT a', ticket(2000), 'SAVEPOINT b', ticket(1), 'ROLLBACK TO b', 'RELEASE a', 'SAVEPOINT c', ticket(1000), 'ROLLBACK TO c', 'COMMIT');
is(planned(), 2000, 'nor is a savepoint that is, of those that are not the earliest counts');
sql('BEGIN', ticket(2500), 'COMMIT');
is(planned(), 2000, 'what is due later than is known changes nothing');
sql('BEGIN', ticket(1500), 'SAVEPOINT a', ticket(2500), 'SAVEPOINT b', ticket(500), 'RELEASE b', 'RELEASE a', ticket(700), 'COMMIT');
is(planned(), 500, 'a savepoint within another, released');
sql("UPDATE ticket SET status = 'done' WHERE status = 'new'", 'SELECT service_policy.tick()', q{UPDATE service_policy.policy SET name = name});
poll_idle();
$node->poll_query_until('postgres', q{SELECT due_at IS NULL FROM service_policy.worker_status});
is(planned(), $never, 'all are solved');

# A visit between the writing and the commit has not seen it.
my $session = session($node, 'postgres');
$session->ask('BEGIN; ' . ticket(1000));
sql(ticket(1));
fires('another one meanwhile');
is(planned(), $never, 'the visit has not seen what has not been committed');
$session->ask('COMMIT');
is(planned(), 1000, '… which is known once it is');
$session->quit;

sql('BEGIN', ticket(300), q{PREPARE TRANSACTION 'wake'}, q{COMMIT PREPARED 'wake'});
is(planned(), 1000, 'what was prepared is seen by the next visit');

$node->stop;
done_testing();
