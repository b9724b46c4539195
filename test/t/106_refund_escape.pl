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
	"MERGE INTO crm.refund r USING (SELECT 0 AS id) n ON r.id = n.id WHEN NOT MATCHED THEN INSERT VALUES (0, 1, 40, 50, $too_late)",
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

# It may ask; it may not look.
is($app->ask(q{SELECT decision, reason FROM service_policy.refund_check('desk', '{"amount": 40, "paid_amount": 50, "purchased_at": "2024-01-02 12:00Z", "requested_at": "2024-02-02 00:00Z"}')}),
	'refused|refund_cutoff', 'an application may ask what would be decided');
$app->ask(q{SELECT * FROM service_policy.refund_check('desk', '["1"]')});
like($app->{err}, qr/^ERROR:  42501/, 'but not look up a refund');

$app->quit;
$node->stop;
done_testing();
