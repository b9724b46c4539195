# The desk in a database that is dumped or upgraded: what it is before, and that afterwards it goes on.
package Moved;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

our @EXPORT = qw(create_shop works);

my @as_app = (extra_params => [ '-U', 'desk_app' ]);
my @as_admin = (extra_params => [ '-U', 'desk_admin' ]);
my $grant = q{SELECT service_policy.grant_exception('desk', '{"ticket": [%d]}', 'snow', 3, expires_at => '2100-01-01Z')};
my $late_refund = q{INSERT INTO crm.refund VALUES (%d, %d, 20, 50, '2024-01-02 12:00Z', '2024-02-03 12:00Z')};

# What must be as it was: rows, objects, owners and rights.  Those of 17 have one more, MAINTAIN.
my $config = join ';', map { "SELECT '$_', t.* FROM service_policy.$_ t ORDER BY t" }
	qw(calendar calendar_hours calendar_date policy policy_version attachment attachment_table suspension action);
my $objects = q{
	SELECT relnamespace::regnamespace, relname, relkind, relowner::regrole, array(SELECT regexp_replace(a::text, '(=[^/]*)m\*?', '\1') FROM unnest(relacl) a ORDER BY 1) FROM pg_class
	 WHERE relnamespace::regnamespace::text IN ('service_policy', 'desk', 'desk_data', 'crm') ORDER BY 1, 2;
	SELECT oid::regprocedure, array(SELECT a::text FROM unnest(proacl) a ORDER BY 1) FROM pg_proc WHERE pronamespace = 'service_policy'::regnamespace AND proname !~ '^_name_(multi)?range$' ORDER BY 1::text;
	SELECT tgname, tgrelid::regclass, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2::text;
	SELECT nspname, nspowner::regrole, array(SELECT a::text FROM unnest(nspacl) a ORDER BY 1) FROM pg_namespace WHERE nspname ~ 'desk|service_policy|crm' ORDER BY 1;
	SELECT objoid::regclass, objsubid, description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid::regclass::text ~ '^desk' ORDER BY 1::text, 2;
};

# The desk with two exceptions, of which one is used; returns what of it must be found again.
sub create_shop
{
	my ($node, $database) = @_;
	create_desk($node, $database);
	$node->safe_psql($database, sprintf($grant, $_), @as_admin) foreach 1, 2;
	$node->safe_psql($database, sprintf($late_refund, 10, 1), @as_app);
	$node->safe_psql($database, q{INSERT INTO service_policy.suspension (attachment, starts_at, ends_at, reason)
		VALUES ('desk', '2099-01-01Z', '2099-01-02Z', 'maintenance'), (NULL, '2000-01-01Z', '2000-01-01Z', NULL)}, @as_admin);
	my %was = (
		configuration => $node->safe_psql($database, $config),
		objects => $node->safe_psql($database, $objects),
		evidence => evidence($node, $database));
	like($was{evidence}, qr/^ledger\|1\|3\|.*^refund_decision\|2\|1\|.*^exception\|1\|exception\|.*^exception\|2\|/ms, 'there is something to bring back');
	return \%was;
}

# The lines that only one of two texts has.
sub difference
{
	my ($got, $expected) = @_;
	my %count;
	$count{$_}++ foreach split /\n/, $got;
	$count{$_}-- foreach split /\n/, $expected;
	return join "\n", map { ($count{$_} > 0 ? 'now: ' : 'was: ') . $_ } grep { $count{$_} } sort keys %count;
}

# The database is as it was, and its attachment goes on.
sub works
{
	my ($node, $database, $was) = @_;
	is($node->safe_psql($database, $config), $was->{configuration}, "$database: configuration");
	is(difference($node->safe_psql($database, $objects), $was->{objects}), '', "$database: objects and rights");
	is(evidence($node, $database), $was->{evidence}, "$database: evidence");

	$node->safe_psql($database, q{
		UPDATE crm.ticket SET status_id = 1, updated_at = '2024-01-08 11:30Z' WHERE id = 1;
		UPDATE crm.ticket SET status_id = 3, updated_at = '2024-01-08 12:30Z' WHERE id = 1;
		INSERT INTO crm.ticket VALUES (5, 98, 'low', NULL, '2024-01-08 12:00Z', '2024-01-08 12:00Z')}, @as_app);
	is($node->safe_psql($database, q{SELECT seq, event, state, at AT TIME ZONE 'UTC', recorded_by FROM desk_data.ledger WHERE id = 1 AND seq > 4 ORDER BY seq}),
		"5|changed|open|2024-01-08 11:30:00|desk_app\n6|changed|resolved|2024-01-08 12:30:00|desk_app", "$database: the ledger goes on");
	is($node->safe_psql($database, q{SELECT outcome, elapsed_minutes, paused_minutes FROM desk.compliance WHERE id = 1 AND metric = 'resolution'}, extra_params => [ '-U', 'desk_analyst' ]),
		'met|150.00|60.00', "$database: the clock goes on, with its pause");
	$node->safe_psql($database, q{INSERT INTO crm.refund VALUES (3, 1, 20, 50, '2024-01-02 12:00Z', '2024-02-01 23:59Z');
		UPDATE crm.refund SET amount = 30 WHERE id = 1}, @as_app);
	my ($status, undef, $refusal) = $node->psql($database, q{\set VERBOSITY verbose
		INSERT INTO crm.refund VALUES (4, 1, 20, 50, '2024-01-02 12:00Z', '2024-02-02 00:00Z')}, @as_app);
	like($refusal, qr/ERROR:  23514:/, "$database: a refund after the cutoff is refused");
	is($node->safe_psql($database, q{SELECT id, seq, decision, rule, amount, cutoff_at FROM desk.refund_log WHERE id IN (1, 3) ORDER BY 1, 2}),
		"1|1|allowed|standard|40.0000|2024-02-02 00:00:00+00\n1|2|allowed|standard|30.0000|2024-02-02 00:00:00+00\n3|1|allowed|standard|20.0000|2024-02-02 00:00:00+00",
		"$database: decisions go on");
	($status) = $node->psql($database, sprintf($late_refund, 11, 1), @as_app);
	isnt($status, 0, "$database: a used exception stays used");
	$node->safe_psql($database, sprintf($late_refund, 11, 2), @as_app);
	is($node->safe_psql($database, 'SELECT exception_id, status, id FROM desk.exception_use ORDER BY 1'), "1|used|10\n2|used|11", "$database: an open one can be used");
	is($node->safe_psql($database, sprintf($grant, 2), @as_admin), '3', "$database: exceptions have numbers of their own");
	is($node->safe_psql($database, 'SELECT count(*) = count(DISTINCT issue_id) FROM desk_data.issue'), 't', "$database: issues have numbers of their own");
	($status) = $node->psql($database, 'SELECT * FROM desk_data.clock', @as_app);
	isnt($status, 0, "$database: the application sees no clock");
	($status) = $node->psql($database, q{SELECT service_policy.detach('desk')}, @as_app);
	isnt($status, 0, "$database: the application detaches nothing");
	($status) = $node->psql($database, q{UPDATE service_policy.policy_version SET document = '{"policy": "desk"}'});
	isnt($status, 0, "$database: what is published stays as it is");
	return;
}

1;
