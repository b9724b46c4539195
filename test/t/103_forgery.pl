# A CRM's role with no right on our schemas has its tickets measured, and can neither forge, read nor escape a clock:
# not by writing our tables, not by triggers of its own, not by any setting, and not by objects with our names.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('forgery');
$node->init;
$node->start;
create_desk($node, 'postgres');
# As a CRM's role often may: schemas and temporary tables of its own.
$node->safe_psql('postgres', 'GRANT CREATE, TEMPORARY ON DATABASE postgres TO desk_app');
my $app = session($node, 'postgres', '-U', 'desk_app', '-v', 'VERBOSITY=verbose');

# Reading and writing what is ours.
my $evidence = evidence($node, 'postgres');
foreach my $statement (
	(map { ("SELECT * FROM desk_data.$_", "INSERT INTO desk_data.$_ DEFAULT VALUES", "UPDATE desk_data.$_ SET id = 1", "DELETE FROM desk_data.$_",
		"TRUNCATE desk_data.$_", "COPY desk_data.$_ TO STDOUT", "DROP TABLE desk_data.$_", "ALTER TABLE desk_data.$_ ADD x int",
		"CREATE TRIGGER forge BEFORE INSERT ON desk_data.$_ FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		"CREATE RULE forge AS ON INSERT TO desk_data.$_ DO INSTEAD NOTHING", "CREATE VIEW crm.peep AS SELECT * FROM desk_data.$_") } qw(ledger clock issue refund_decision refund_attempt exception)),
	(map { ("SELECT * FROM desk.$_", "DELETE FROM desk.$_") } qw(ticket_status compliance compliance_daily issues refund_log refund_attempts exception_use)),
	(map { ("SELECT * FROM service_policy.$_", "DELETE FROM service_policy.$_") } qw(attachment attachment_table policy policy_version)),
	q{SELECT service_policy.grant_exception('desk', '{"ticket": [1]}', 'for me', 1)}, q{SELECT nextval('desk_data.exception_id_seq')},
	q{SELECT nextval('desk_data.deadline_move_id_seq')}, q{SELECT setval('desk_data.deadline_move_id_seq', 1)},
	q{UPDATE service_policy.calendar SET time_zone = 'Pacific/Apia'}, q{DELETE FROM service_policy.calendar_hours},
	q{SELECT service_policy.explain_ticket('desk', '{1}')}, q{SELECT service_policy._ticket_changed()},
	q{SELECT service_policy.detach('desk')}, q{SELECT service_policy._drop_parts('desk', false)},
	q{CREATE TABLE desk_data.mine ()}, q{CREATE TABLE desk.mine ()}, q{CREATE TABLE service_policy.mine ()},
	q{SET ROLE desk_admin}, q{SET SESSION AUTHORIZATION desk_admin}, q{SET session_replication_role = replica},
	q{ALTER ROLE desk_app SUPERUSER}, q{GRANT desk_admin TO desk_app},
	q{ALTER TABLE crm.ticket DISABLE TRIGGER ALL}, q{DROP TRIGGER service_policy_desk ON crm.ticket},
	q{ALTER TRIGGER service_policy_desk ON crm.ticket RENAME TO x}, q{TRUNCATE crm.ticket},
	q{CREATE TRIGGER first BEFORE INSERT ON crm.ticket FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()},
	q{ALTER SCHEMA desk_data OWNER TO desk_app}, q{DROP SCHEMA desk_data CASCADE}, q{DROP EXTENSION service_policy CASCADE})
{
	my $answer = $app->ask($statement);
	ok($answer eq '' && $app->{err} =~ /^ERROR:  (42501|0LP01)/, "refused: $statement") or diag($answer, $app->{err});
}
is($app->ask(q{SELECT * FROM pg_stats WHERE schemaname IN ('desk', 'desk_data')}), '', 'statistics tell nothing');
is(evidence($node, 'postgres'), $evidence, 'the evidence is as it was');

# Triggers of ours on tables of its own.
$app->ask('CREATE SCHEMA evil; CREATE TABLE evil.ticket (id bigint PRIMARY KEY, status_id int, priority text, note text, created_at timestamptz, updated_at timestamptz, replied_at timestamptz)');
foreach my $function ("_ticket_changed('desk')", "_refund_decided('desk')", '_config_changed()')
{
	$app->ask("CREATE TRIGGER forge AFTER INSERT ON evil.ticket FOR EACH ROW EXECUTE FUNCTION service_policy.$function");
	like($app->{err}, qr/^ERROR:  42501/, "no trigger with $function");
}

# One ticket's life, written in the session as it is; what is recorded of it must not differ.
my $id = 1000;
my %reference;
sub life
{
	my ($before, $after) = @_;
	$id++;
	$app->ask($before);
	$app->ask("INSERT INTO crm.ticket VALUES ($id, 1, 'low', 'x', timestamptz '2024-01-08 09:00Z', timestamptz '2024-01-08 09:00Z')");
	$app->ask("UPDATE crm.ticket SET replied_at = timestamptz '2024-01-08 09:20Z', updated_at = timestamptz '2024-01-08 09:20Z' WHERE id = $id");
	$app->ask("UPDATE crm.ticket SET status_id = 2, priority = 'high', updated_at = timestamptz '2024-01-08 10:00Z' WHERE id = $id");
	$app->ask("UPDATE crm.ticket SET status_id = 3, updated_at = timestamptz '2024-01-08 12:00Z' WHERE id = $id");
	my $errors = $app->{err};
	$app->ask($after);
	return $errors;
}

sub recorded
{
	my ($ticket) = @_;
	return $node->safe_psql('postgres', qq{
		SELECT seq, at, recorded_by, event, state, source_state, opened_at, priority, category FROM desk_data.ledger WHERE id = $ticket ORDER BY seq;
		SELECT metric, benchmark, policy_version, calendar, state, started_at, started_on, due_at, elapsed_us, paused_us, stopped_at, stopped_on, priority, category
		  FROM desk_data.clock WHERE id = $ticket ORDER BY metric;
		SELECT problem, detail, value FROM desk_data.issue WHERE id = $ticket ORDER BY issue_id});
}
is(life('', ''), '', 'an honest ticket');
my $honest = recorded($id);
like($honest, qr/^resolution\|solve\|1\|desk\|met\|.*\|3600000000\|7200000000\|/m, 'is measured: an hour, and two in which it waited');

# Every setting that anyone may make.
foreach my $setting (settings_to_try($node))
{
	my ($name, $value) = split /=/, $setting, 2;
	my $errors = life($name eq 'search_path' ? "SET search_path = $value" : "SET $name = '$value'", "RESET $name");
	is($errors . recorded($id), $honest, "whatever $setting") or diag($app->{err});
}
foreach my $isolation ('REPEATABLE READ', 'SERIALIZABLE')
{
	is(life("SET default_transaction_isolation = '$isolation'", 'RESET default_transaction_isolation') . recorded($id), $honest, "in $isolation");
}

# Operators, functions, tables and types of its own before everybody else's, in a schema and in pg_temp.
my @squatters = map {
	my $schema = $_;
	(map { "CREATE TABLE $schema.$_ (id bigint, seq int, name text, policy text, metric text)" }
		qw(ledger clock issue calendar calendar_hours calendar_date policy policy_version attachment attachment_table status pg_class pg_namespace pg_proc)),
	(map { "CREATE FUNCTION $schema.$_ RETURNS text LANGUAGE sql AS \$\$ SELECT 'forged' \$\$" } 'lower(text)', '"coalesce"(text, text)', 'concat(text, text)', 'format_type(oid, int)'),
	"CREATE FUNCTION $schema.now() RETURNS timestamptz LANGUAGE sql AS \$\$ SELECT timestamptz '2001-01-01' \$\$",
	"CREATE FUNCTION $schema.equal(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
	"CREATE FUNCTION $schema.equal(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
	"CREATE FUNCTION $schema.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
	($schema eq 'evil' ? map { "CREATE OPERATOR evil.= (FUNCTION = evil.equal, LEFTARG = $_, RIGHTARG = $_)" } qw(bigint int text) : ()),
} qw(evil pg_temp);
# the last, for what is in pg_temp is found first as the type of the others
foreach my $squatter (@squatters, map { ("CREATE DOMAIN $_.timestamptz AS int", "CREATE DOMAIN $_.jsonb AS int", "CREATE DOMAIN $_.text AS int") } qw(evil pg_temp))
{
	$app->ask($squatter);
	is($app->{err}, '', $squatter);
}
foreach my $path ('evil, pg_catalog', 'pg_temp, evil, pg_catalog', 'evil, pg_temp, pg_catalog, crm')
{
	# a session that has all prepared, and a new one that prepares it now
	foreach my $new (0, 1)
	{
		if ($new)
		{
			$app->quit;
			$app = session($node, 'postgres', '-U', 'desk_app', '-v', 'VERBOSITY=verbose');
			$app->ask('CREATE TEMP TABLE ledger (id bigint); CREATE TEMP TABLE clock (id bigint); CREATE TEMP TABLE pg_class (oid oid)');
		}
		my $to = $id + 1;
		$app->ask("SET search_path = $path");
		$app->ask("INSERT INTO crm.ticket VALUES ($to, 1, 'low', 'x', '2024-01-08 09:00Z'::pg_catalog.timestamptz, '2024-01-08 09:00Z'::pg_catalog.timestamptz)");
		my $update = 'UPDATE crm.ticket SET %s, updated_at = \'%s\'::pg_catalog.timestamptz WHERE id OPERATOR(pg_catalog.=) %d';
		$app->ask(sprintf $update, 'replied_at = \'2024-01-08 09:20Z\'', '2024-01-08 09:20Z', $to);
		$app->ask(sprintf $update, 'status_id = 2, priority = \'high\'', '2024-01-08 10:00Z', $to);
		$app->ask(sprintf $update, 'status_id = 3', '2024-01-08 12:00Z', $to);
		is($app->{err} . recorded(++$id), $honest, "whatever objects come first in $path" . ($new ? ', in a new session' : ''));
		$app->ask('RESET search_path');
	}
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM evil.ledger'), 0, 'nothing was recorded in tables with our names');

# From inside other code.
$app->ask(q{CREATE FUNCTION evil.wrapper(sql pg_catalog.text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = evil AS $$ BEGIN EXECUTE sql; END $$});
$id++;
$app->ask("SELECT evil.wrapper('INSERT INTO crm.ticket VALUES ($id, 1, ''low'', ''x'', ''2024-01-08 09:00Z''::pg_catalog.timestamptz, ''2024-01-08 09:00Z''::pg_catalog.timestamptz)')");
is($node->safe_psql('postgres', "SELECT recorded_by FROM desk_data.ledger WHERE id = $id"), 'desk_app', 'a security definer function records whom it acts as');
$id++;
is($app->ask("SELECT 'before ' || current_user; WITH w AS (INSERT INTO crm.ticket VALUES ($id, 1, 'low', 'x', '2024-01-08 09:00Z', '2024-01-08 09:00Z') RETURNING id) SELECT 'after ' || current_user FROM w; SELECT 'then ' || current_user"),
	"before desk_app\nafter desk_app\nthen desk_app", 'the rights of the owner end with the trigger');
$app->ask('BEGIN');
$app->ask('INSERT INTO crm.ticket (id, status_id, created_at, updated_at) VALUES (1, 1, now(), now())');
like($app->{err}, qr/^ERROR:  23505/, 'nor do they outlive a failure');
$app->ask('ROLLBACK');
$app->ask('SELECT * FROM desk_data.clock');
like($app->{err}, qr/^ERROR:  42501/, '… of a statement');

# A schema that awaits an attachment is not taken for evidence.
$app->ask('CREATE SCHEMA next_data');
$app->ask('CREATE TABLE next_data.ledger (id bigint, seq int, PRIMARY KEY (id, seq))');
my (undef, undef, $err) = $node->psql('postgres', q{SELECT service_policy.attach('next', 'crm.ticket', 'desk', '{id}', '{"opened_at": "created_at", "state": "priority"}', '{"*": "open"}')},
	extra_params => [ '-U', 'desk_admin' ]);
like($err, qr/schema "next_data" belongs to desk_app/, 'a schema put there before is not adopted');
is($node->safe_psql('postgres', q{SELECT count(*) FROM service_policy.attachment WHERE name = 'next'}), 0, '… and nothing is attached');

# What is granted to everybody is a courtesy: the triggers do without.
$app->quit;
$node->safe_psql('postgres', 'REVOKE ALL ON SCHEMA service_policy, public FROM PUBLIC; REVOKE ALL ON ALL FUNCTIONS IN SCHEMA service_policy FROM PUBLIC; REVOKE ALL ON ALL TABLES IN SCHEMA service_policy FROM PUBLIC');
$app = session($node, 'postgres', '-U', 'desk_app', '-v', 'VERBOSITY=verbose');
is(life('', '') . recorded($id), $honest, 'without any right of everybody');

# The attachment changes hands, and its triggers act as the new owner.
$node->safe_psql('postgres', 'REASSIGN OWNED BY desk_admin TO desk_owner; DROP OWNED BY desk_admin; DROP ROLE desk_admin');
is(life('', '') . recorded($id), $honest, 'with another owner');

$app->quit;
$node->stop;
done_testing();
