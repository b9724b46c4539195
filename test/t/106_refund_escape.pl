# A refund that the policy forbids is not written, whatever the application sets, and however it writes.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('escape');
$node->init;
$node->start;
create_desk($node, 'postgres');
$node->safe_psql('postgres', 'GRANT CREATE, TEMPORARY ON DATABASE postgres TO desk_app');
my $app = session($node, 'postgres', '-U', 'desk_app', '-v', 'VERBOSITY=verbose');
$app->ask('CREATE SCHEMA evil');

# Bought on 2 January at noon: the thirtieth day after is 1 February, so its midnight is the first moment too late.
my ($in_time, $too_late) = map { "timestamptz '2024-01-02 12:00Z', timestamptz '2024-02-$_'" } '01 23:59:59Z', '02 00:00Z';
my $forbidden = q{SELECT count(*) FROM crm.refund WHERE asked_at >= '2024-02-02Z' OR amount > 500 OR amount IS NULL OR pieces = 0};
my $id = 1000;
my $recorded = sub {
	return $node->safe_psql('postgres', "SELECT seq, recorded_by, decision, reason, rule, mode, cutoff_at, requested_at, amount, allowed_amount, fee, facts - 'ticket' FROM desk_data.refund_decision WHERE id = $id ORDER BY seq");
};
sub try_both
{
	my ($before, $after, $name) = @_;
	$app->ask($before);
	$id++;
	$app->ask("INSERT INTO crm.refund VALUES ($id, 1, 40, 50, $in_time)");
	$app->ask("INSERT INTO crm.refund VALUES (0, 1, 40, 50, $too_late)");
	my $error = $app->{err};
	$app->ask($after);
	like($error, qr/^ERROR:  23514: .*CONSTRAINT NAME:  refund_cutoff/s, "refused: $name");
	return $recorded->();
}
my $honest = try_both('', '', 'a late one');
like($honest, qr/^1\|desk_app\|allowed\|/, 'one in time is allowed');

foreach my $setting (settings_to_try($node))
{
	my ($name, $value) = split /=/, $setting, 2;
	is(try_both($name eq 'search_path' ? "SET search_path = $value" : "SET $name = '$value'", "RESET $name", $setting), $honest, "allowed as ever: $setting");
}
foreach my $isolation ('REPEATABLE READ', 'SERIALIZABLE')
{
	is(try_both("SET default_transaction_isolation = '$isolation'", 'RESET default_transaction_isolation', $isolation), $honest, "allowed as ever: $isolation");
}

# Other ways to write.
$app->ask(q{CREATE FUNCTION evil.run(sql text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE sql; END $$;
	CREATE FUNCTION evil.swallow(sql text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE sql; RETURN 'written'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
	CREATE FUNCTION evil.dive(depth int, sql text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
		IF depth = 0 THEN RETURN evil.swallow(sql); END IF; RETURN evil.dive(depth - 1, sql); EXCEPTION WHEN statement_too_complex THEN RETURN 'too deep'; END $$});
is($app->{err}, '', 'functions to write through');
my $late = "INSERT INTO crm.refund VALUES (0, 1, 40, 50, $too_late)";
foreach my $way (
	"UPDATE crm.refund SET asked_at = '2024-02-02Z' WHERE id = 1",
	'UPDATE crm.refund SET amount = 500.01, paid = 1000 WHERE id = 1', q{UPDATE crm.refund SET amount = 'NaN' WHERE id = 1},
	'UPDATE crm.refund SET amount = NULL WHERE id = 1', 'UPDATE crm.refund SET pieces = 0 WHERE id = 1',
	"$late ON CONFLICT (id) DO UPDATE SET amount = 1", "INSERT INTO crm.refund VALUES (1, 1, 40, 50, $in_time) ON CONFLICT (id) DO UPDATE SET asked_at = '2024-02-02Z'",
	"WITH w AS ($late RETURNING id) SELECT * FROM w", "PREPARE late AS $late; EXECUTE late",
	(is_at_least($node, 15) ? "MERGE INTO crm.refund r USING (SELECT 0 AS id) n ON r.id = n.id WHEN NOT MATCHED THEN INSERT VALUES (0, 1, 40, 50, $too_late)" : ()),
	"SELECT evil.run(\$x\$$late\$x\$)", "BEGIN; SET CONSTRAINTS ALL DEFERRED; $late; COMMIT")
{
	$app->ask($way);
	like($app->{err}, qr/^ERROR:  23514:/m, "refused: $way");
	$app->ask('ROLLBACK') if $way =~ /^BEGIN/;
}
my (undef, undef, $copy) = $node->psql('postgres', "COPY crm.refund (id, ticket_id, amount, paid, bought_at, asked_at) FROM STDIN (DELIMITER ',');\n0,1,40,50,2024-01-02 12:00Z,2024-02-02 00:00Z\n\\.\n",
	timeout => 60, extra_params => [ '-U', 'desk_app', '-v', 'VERBOSITY=verbose' ]);
like($copy, qr/ERROR:  23514:/, 'refused: COPY');
is($app->ask("SELECT evil.swallow(\$x\$$late\$x\$)"), '23514', 'one that is refused may be caught, but is not written');

# Where the stack is nearly used up, an expression may fail that would not elsewhere.
my %answers;
for (my $depth = 100; $depth < 20000; $depth = int($depth * 1.1))
{
	my $answer = $app->ask("SELECT evil.dive($depth, \$x\$$late\$x\$)");
	$answers{ $answer eq '' ? 'failed' : $answer }++;
}
ok(!$answers{written}, 'nor from deep inside other functions: ' . join ', ', map { "$_ $answers{$_} times" } sort keys %answers);

is($node->safe_psql('postgres', $forbidden), 0, 'nothing of all that has been written');
is($node->safe_psql('postgres', q{SELECT count(*) FROM desk_data.refund_decision WHERE decision <> 'allowed'}), 0, 'nor has a decision on it');

# What several refunds add up to: 100 were paid for each order.
$node->safe_psql('postgres', q{
	CREATE TABLE crm.payout (id bigint PRIMARY KEY, order_id text, amount numeric, state text DEFAULT 'paid', twice numeric GENERATED ALWAYS AS (amount * 2) STORED);
	SELECT service_policy.load_policy('{"policy": "payouts", "refunds": [{"name": "paid", "max_share": 1}]}');
	SELECT service_policy.publish_policy('payouts', 1, '2000-01-01Z');
	CREATE TABLE crm.nothing (id bigint PRIMARY KEY, state text, created_at timestamptz);
	SELECT service_policy.attach('payouts', 'crm.nothing', 'payouts', '{id}', '{"opened_at": "created_at", "state": "state"}', '{"*": "open"}');
	SELECT service_policy.attach_refunds('payouts', 'crm.payout', '{id}', '{"amount": "twice / 2", "paid_amount": "100", "order_id": "order_id", "state": "state"}', $$refund.state = 'paid'$$);
	GRANT SELECT, INSERT, UPDATE, DELETE ON crm.payout TO desk_app});
my $sums = q{SELECT string_agg(order_id || ' ' || sum, ', ' ORDER BY order_id) FROM (SELECT order_id, sum(amount) FROM crm.payout WHERE state = 'paid' GROUP BY order_id) s};
$app->ask(q{INSERT INTO crm.payout VALUES (1, 'A', 60), (2, 'B', 100)});
is($app->{err}, '', 'what was paid may be refunded');
foreach my $way (
	q{INSERT INTO crm.payout VALUES (3, 'A', 41)}, q{INSERT INTO crm.payout VALUES (3, 'A', 20), (4, 'A', 21)},
	q{INSERT INTO crm.payout SELECT n, 'A', 1 FROM generate_series(3, 50) n}, q{UPDATE crm.payout SET order_id = 'A'},
	q{UPDATE crm.payout SET amount = amount + 1 WHERE id = 2}, q{INSERT INTO crm.payout VALUES (3, 'A', -60)}, q{UPDATE crm.payout SET amount = -60 WHERE id = 1},
	q{INSERT INTO crm.payout VALUES (1, 'A', 1) ON CONFLICT (id) DO UPDATE SET amount = 101},
	q{BEGIN; DELETE FROM crm.payout WHERE id = 1; INSERT INTO crm.payout VALUES (1, 'A', 60), (3, 'A', 41); COMMIT},
	q{BEGIN; SAVEPOINT s; DELETE FROM crm.payout WHERE id = 1; ROLLBACK TO s; INSERT INTO crm.payout VALUES (3, 'A', 41); COMMIT},
	q{BEGIN; UPDATE crm.payout SET state = 'draft' WHERE id = 1; INSERT INTO crm.payout VALUES (3, 'A', 41); UPDATE crm.payout SET state = 'paid' WHERE id = 1; COMMIT},
	q{BEGIN; UPDATE crm.payout SET order_id = 'C' WHERE id = 1; INSERT INTO crm.payout VALUES (3, 'A', 100); UPDATE crm.payout SET order_id = 'A' WHERE id = 1; COMMIT},
	q{BEGIN; UPDATE crm.payout SET id = 9 WHERE id = 1; INSERT INTO crm.payout VALUES (1, 'A', 41); COMMIT},
	q{WITH gone AS (DELETE FROM crm.payout WHERE id = 1 RETURNING *) INSERT INTO crm.payout SELECT id + 10, order_id, 101 FROM gone},
	q{BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO crm.payout VALUES (3, 'A', 41); COMMIT})
{
	$app->ask($way);
	like($app->{err}, qr/^ERROR:  23514:/m, "refused: $way");
	$app->ask('ROLLBACK') if $way =~ /^BEGIN/;
}
is($app->ask(q{BEGIN; INSERT INTO crm.payout VALUES (3, 'A', 40); SELECT evil.swallow($$INSERT INTO crm.payout VALUES (4, 'A', 1)$$); COMMIT}), '23514', 'a refusal that is caught takes nothing from the sum');
$app->ask(q{CREATE VIEW evil.payout AS SELECT * FROM crm.payout; INSERT INTO evil.payout (id, order_id, amount) VALUES (5, 'A', 1)});
like($app->{err}, qr/^ERROR:  23514:/m, 'refused: through a view');
is($node->safe_psql('postgres', $sums), 'A 100, B 100', 'no more than was paid has been refunded');
is($node->safe_psql('postgres', q{SELECT string_agg(subject || ' ' || total_amount::int, ', ' ORDER BY subject) FROM payouts_data.refund_tally t WHERE seq = (SELECT max(seq) FROM payouts_data.refund_tally u WHERE u.subject = t.subject)}),
	'A 100, B 100', '… and that is what is on record');

# The application is not asked whether there is a trigger, nor what is on record.
my $before = $node->safe_psql('postgres', q{SELECT count(*), max(withdrawn_at) FROM payouts_data.refund_decision UNION ALL SELECT count(*), max(counted_at) FROM payouts_data.refund_tally});
foreach my $statement (
	'ALTER TABLE crm.payout DISABLE TRIGGER ALL', 'ALTER TABLE crm.payout DISABLE TRIGGER _service_policy_payouts_refund',
	'DROP TRIGGER _service_policy_payouts_refund ON crm.payout', 'ALTER TRIGGER _service_policy_payouts_refund ON crm.payout RENAME TO zzz',
	'SET session_replication_role = replica', 'TRUNCATE crm.payout', 'CREATE RULE instead AS ON INSERT TO crm.payout DO INSTEAD NOTHING',
	'CREATE TRIGGER later AFTER INSERT ON crm.payout FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'CREATE TABLE evil.payouts () INHERITS (crm.payout)', 'ALTER TABLE crm.payout ALTER order_id TYPE varchar(5)', 'ALTER TABLE crm.payout RENAME TO payed',
	'BEGIN; LOCK TABLE payouts_data.refund_tally', 'ROLLBACK; DELETE FROM payouts_data.refund_tally', 'UPDATE payouts_data.refund_decision SET withdrawn_at = now()',
	q{INSERT INTO payouts_data.refund_tally VALUES (1, 99, 'A', 'order', now(), NULL, 0, 0, NULL, 0, 0, 0)}, 'TRUNCATE payouts_data.refund_tally',
	q{SELECT service_policy.recount_refunds('payouts')}, q{SELECT service_policy._recount_refunds('payouts')}, q{SELECT service_policy.detach('payouts')},
	q{UPDATE service_policy.attachment_table SET only_where = 'false'})
{
	$app->ask($statement);
	like($app->{err}, qr/^ERROR:  42501/, "not for the application: $statement");
}
is($node->safe_psql('postgres', q{SELECT count(*), max(withdrawn_at) FROM payouts_data.refund_decision UNION ALL SELECT count(*), max(counted_at) FROM payouts_data.refund_tally}), $before, 'nothing of it has changed');

# Somebody who holds every lock that an application can name keeps nobody from refunding.
my $other = session($node, 'postgres', '-U', 'desk_app', '-v', 'VERBOSITY=verbose');
$other->ask(q{BEGIN; SELECT count(pg_advisory_lock(n)) FROM generate_series(-100, 100) n; SELECT count(pg_advisory_lock(c.oid::int, 0)) FROM pg_class c WHERE c.oid > 16384; SELECT FROM crm.payout FOR UPDATE});
$app->ask(q{SET lock_timeout = '5s'; INSERT INTO crm.payout VALUES (20, 'D', 1); RESET lock_timeout});
is($app->{err}, '', 'no lock of an application is in the way');
$other->ask(q{ROLLBACK; BEGIN; INSERT INTO crm.payout VALUES (21, 'D', 1)});
$app->ask(q{SET lock_timeout = '100ms'; INSERT INTO crm.payout VALUES (22, 'D', 1); RESET lock_timeout});
like($app->{err}, qr/^ERROR:  55P03: .*adding up the refunds of order "D"/s, 'but a refund of the same order that is being written; who waits for it is told');
$other->quit;

# It may ask; it may not look.
is($app->ask(q{SELECT decision, reason FROM service_policy.refund_check('desk', '{"amount": 40, "paid_amount": 50, "purchased_at": "2024-01-02 12:00Z", "requested_at": "2024-02-02 00:00Z"}')}),
	'refused|refund_cutoff', 'an application may ask what would be decided');
$app->ask(q{SELECT * FROM service_policy.refund_check('desk', '["1"]')});
like($app->{err}, qr/^ERROR:  42501/, 'but not look up a refund');

# What is counted anew adds up as what was counted at the write did: in Turkish the capitals of "inr" are "İNR".
SKIP:
{
	my ($failed, undef, $why) = $node->psql('postgres', q{CREATE DATABASE tr TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C'});
	skip "no such locale: $why", 1 if $failed;
	$node->safe_psql('tr', q{CREATE EXTENSION service_policy;
		CREATE TABLE nothing (id bigint PRIMARY KEY, state text, created_at timestamptz);
		CREATE TABLE refund (id bigint PRIMARY KEY, order_id text, currency text, amount numeric);
		SELECT service_policy.load_policy('{"policy": "paid", "refunds": [{"name": "paid", "max_share": 1}]}');
		SELECT service_policy.publish_policy('paid', 1, '2000-01-01Z');
		SELECT service_policy.attach('paid', 'nothing', 'paid', '{id}', '{"opened_at": "created_at", "state": "state"}', '{"*": "open"}');
		SELECT service_policy.attach_refunds('paid', 'refund', '{id}', '{"amount": "amount", "paid_amount": "100", "order_id": "order_id", "currency": "currency"}');
		INSERT INTO refund VALUES (1, 'A', 'INR', 60), (2, 'A', 'inr', 30);
		SELECT service_policy.recount_refunds('paid')});
	(undef, undef, my $error) = $node->psql('tr', q{INSERT INTO refund VALUES (3, 'A', 'inr', 60)});
	like($error, qr/at most 10.00 inr is allowed, since the order was refunded 90.00 inr before/, 'a currency is the same in each locale');
}

$app->quit;
$node->stop;
done_testing();
