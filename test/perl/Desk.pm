# A small service desk for TAP tests: a CRM's tables and roles, a policy, an attachment; and sessions that stay open.
package Desk;

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(create_counted create_desk disagreements evidence is_at_least session settings_to_try);

# Monday 8 January 2024; the desk is open on weekdays from nine to five, UTC.  The CRM's tables belong to desk_owner,
# its application is desk_app, and who attached is desk_admin, no superuser.
my $setup = q{
	CREATE EXTENSION service_policy;
	CREATE SCHEMA crm AUTHORIZATION desk_owner;
	SET ROLE desk_owner;
	CREATE TABLE crm.status (id int PRIMARY KEY, name text);
	INSERT INTO crm.status VALUES (1, 'New'), (2, 'Waiting'), (3, 'Done');
	CREATE TABLE crm.ticket (
		id bigint PRIMARY KEY, status_id int, priority text, note text, created_at timestamptz, updated_at timestamptz, replied_at timestamptz);
	GRANT USAGE ON SCHEMA crm TO desk_app, desk_admin;
	GRANT SELECT, INSERT, UPDATE, DELETE ON crm.ticket TO desk_app;
	CREATE TABLE crm.refund (
		id bigint PRIMARY KEY, ticket_id bigint, amount numeric(12,2), paid numeric(12,2), bought_at timestamptz, asked_at timestamptz, pieces int DEFAULT 1);
	GRANT SELECT, INSERT, UPDATE, DELETE ON crm.refund TO desk_app;
	GRANT SELECT ON crm.status TO desk_app, desk_admin;
	GRANT SELECT, TRIGGER ON crm.refund TO desk_admin;
	GRANT SELECT, TRIGGER ON crm.ticket TO desk_admin;
	RESET ROLE;
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA service_policy TO desk_admin;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_policy TO desk_admin;
	DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO desk_admin', current_database()); END $$;

	SET ROLE desk_admin;
	INSERT INTO service_policy.calendar (name, time_zone) VALUES ('desk', 'UTC');
	INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes)
		SELECT 'desk', weekday, '09:00', '17:00' FROM generate_series(1, 5) weekday;
	SELECT service_policy.load_policy('{"policy": "desk", "benchmarks": [
		{"name": "answer", "metric": "first_response", "target": "1 hour", "calendar": "desk"},
		{"name": "solve", "metric": "resolution", "target": "8 hours", "calendar": "desk", "pause_on": ["pending"]},
		{"name": "solve_urgent", "metric": "resolution", "target": "2 hours", "when": {"priority": ["urgent"]}}],
		"refunds": [{"name": "standard", "window": {"days": 30, "from": "purchased_at", "calendar": "desk"}, "max_amount": 500, "mode": "enforce"}],
		"discretion": [{"role": "desk_admin", "grace_days": 7}]}');
	SELECT service_policy.publish_policy('desk', 1, '2020-01-01Z');
	SELECT service_policy.attach('desk', 'crm.ticket', 'desk', '{id}', $${
		"opened_at": "created_at", "changed_at": "updated_at", "first_response_at": "replied_at",
		"state": "(SELECT lower(s.name) FROM crm.status s WHERE s.id = ticket.status_id)",
		"priority": "ticket.priority", "category": "coalesce(note, 'none') || created_at"}$$,
		'{"new": "open", "waiting": "pending", "done": "resolved"}');
	SELECT service_policy.attach_refunds('desk', 'crm.refund', '{id}',
		'{"ticket": ["ticket_id"], "amount": "round(amount * pieces / pieces, 2)", "paid_amount": "paid", "purchased_at": "bought_at", "requested_at": "asked_at"}');
};

my $tickets = q{
	INSERT INTO crm.ticket VALUES
		(1, 1, 'low', NULL, '2024-01-08 09:00Z', '2024-01-08 09:00Z'), (2, 1, 'urgent', NULL, '2024-01-08 10:00Z', '2024-01-08 10:00Z'),
		(3, 1, 'low', NULL, '2024-01-08 11:00Z', '2024-01-08 11:00Z'), (4, 99, 'low', NULL, '2024-01-08 12:00Z', '2024-01-08 12:00Z');
	UPDATE crm.ticket SET replied_at = '2024-01-08 09:30Z', updated_at = '2024-01-08 09:30Z' WHERE id = 1;
	UPDATE crm.ticket SET status_id = 2, updated_at = '2024-01-08 10:30Z' WHERE id = 1;
	UPDATE crm.ticket SET status_id = 3, updated_at = '2024-01-08 13:00Z' WHERE id = 2;
	DELETE FROM crm.ticket WHERE id = 3;
	INSERT INTO crm.refund VALUES (1, 1, 40, 50, '2024-01-02 12:00Z', '2024-01-08 12:00Z'), (2, NULL, 60, 60, '2024-01-02 12:00Z', '2024-01-31 12:00Z');
};

# Make roles, and in a database of a node the desk with a few tickets.
sub create_desk
{
	my ($node, $database) = @_;
	$node->safe_psql('postgres', join '', map { "CREATE ROLE $_ LOGIN;" } qw(desk_owner desk_admin desk_app desk_analyst));
	$node->safe_psql('postgres', "CREATE DATABASE $database") if $database ne 'postgres';
	$node->safe_psql($database, $setup);
	$node->safe_psql($database, $tickets, extra_params => [ '-U', 'desk_app' ]);
	$node->safe_psql($database, 'GRANT USAGE ON SCHEMA desk TO desk_analyst; GRANT SELECT ON ALL TABLES IN SCHEMA desk TO desk_analyst',
		extra_params => [ '-U', 'desk_admin' ]);
	return;
}

# Tickets of which every change raises a number, which is a fact; so a change shows in ticket, ledger and clocks alike.
# The state follows from the number, so that a ticket's history is the same whoever changed it when.
sub create_counted
{
	my ($node, $database) = @_;
	$node->safe_psql($database, q{
		CREATE TABLE crm.counted (id int PRIMARY KEY, number int, created_at timestamptz, updated_at timestamptz,
			status text GENERATED ALWAYS AS ((ARRAY['new', 'wait', 'new', 'done'])[number % 4 + 1]) STORED);
		GRANT ALL ON crm.counted TO desk_admin, desk_app;
		SET ROLE desk_admin;
		SELECT service_policy.attach('counted', 'crm.counted', 'desk', '{id}',
			'{"opened_at": "created_at", "changed_at": "updated_at", "state": "status", "category": "number"}', '{"new": "open", "wait": "pending", "done": "resolved"}');
		RESET ROLE;
		INSERT INTO crm.counted SELECT id, 0, '2024-01-08 09:00Z', '2024-01-08 09:00Z' FROM generate_series(1, 20) id});
	return 'UPDATE crm.counted SET number = number + 1, updated_at = updated_at + interval \'1 minute\'';
}

# What of them does not agree.  A judged clock has what the ticket was when it was judged.
sub disagreements
{
	my ($node, $database) = @_;
	return $node->safe_psql($database, q{
		WITH latest AS (SELECT DISTINCT ON (id) * FROM counted_data.ledger ORDER BY id, seq DESC),
		     size AS (SELECT id, count(*), max(seq) FROM counted_data.ledger GROUP BY id)
		SELECT t.*, l.seq, l.category, l.source_state, c.state, c.category
		  FROM crm.counted t LEFT JOIN latest l USING (id) LEFT JOIN size USING (id)
		  LEFT JOIN counted_data.clock c ON c.id = t.id AND c.metric = 'resolution'
		 WHERE l.category IS DISTINCT FROM t.number::text OR l.source_state IS DISTINCT FROM t.status
		    OR size.count <> size.max OR size.max <> t.number + 1
		    OR c.category IS DISTINCT FROM CASE t.status WHEN 'done'
		           THEN (SELECT j.category FROM counted_data.ledger j WHERE j.id = t.id AND j.at = c.stopped_at) ELSE t.number::text END
		    OR c.state IS DISTINCT FROM CASE t.status WHEN 'new' THEN 'running' WHEN 'wait' THEN 'paused' ELSE CASE WHEN c.elapsed_us > c.target_us THEN 'missed' ELSE 'met' END END});
}

# Is the server of this major, or a later one?
sub is_at_least
{
	my ($node, $major) = @_;
	return $node->safe_psql('postgres', 'SHOW server_version_num') >= $major * 10000;
}

# All that is recorded of some tickets, as text.
sub evidence
{
	my ($node, $database, $which) = @_;
	$which //= 'true';
	return $node->safe_psql($database, join ';', map { "SELECT '$_', $_.* FROM desk_data.$_ WHERE $which ORDER BY 2, 3, 4" } qw(ledger clock issue refund_decision exception));
}

# Settings that anyone may make, as name=value: every value of a choice, the ends of numbers, and some more.
sub settings_to_try
{
	my ($node) = @_;
	my @settings = split /\n/, $node->safe_psql('postgres', q{
		SELECT name || '=' || v FROM pg_settings, unnest(CASE vartype WHEN 'bool' THEN '{on,off}' WHEN 'enum' THEN enumvals ELSE
			CASE WHEN unit IS NULL AND category !~ 'Query Tuning|Resource|Locale' AND max_val::numeric < 100000 THEN ARRAY[min_val, max_val] END END::text[]) v
		 WHERE context = 'user' AND v <> setting
		   AND name NOT IN ('exit_on_error', 'default_transaction_read_only', 'transaction_read_only', 'transaction_isolation', 'transaction_deferrable')
		   AND category !~ 'Logging|Statistics' AND name !~ '^(debug_|log_|client_min_messages|trace_)' ORDER BY 1});
	die 'too few settings' if @settings < 50;
	return @settings, 'timezone=Pacific/Apia', 'timezone=America/St_Johns', 'datestyle=German', 'datestyle=SQL, DMY', 'timezone_abbreviations=Australia',
		'search_path=evil', 'search_path=', 'search_path=pg_temp, evil, pg_catalog', 'work_mem=64kB', 'temp_buffers=100', 'lc_time=C', 'lc_messages=C',
		'default_text_search_config=simple', 'default_table_access_method=heap', 'service_policy.now=2020-01-01', 'service_policy.enabled=off', 'application_name=x';
}

# An open psql session.
sub session
{
	my ($node, $database, @parameters) = @_;
	my $self = bless { in => '', out => '', err => '', asked => 0, timer => IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default) };
	$self->{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr($database), @parameters ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, $self->{timer});
	return $self;
}

# What the session answers.  Messages are left in {err}.
sub ask
{
	my ($self, $sql) = @_;
	my $mark = 'answered ' . ++$self->{asked};
	$self->{out} = $self->{err} = '';
	$self->{in} .= "$sql\n;\\echo $mark\n";
	$self->{run}->pump until $self->{out} =~ /^$mark$/m;
	$self->{out} =~ s/\n?^$mark\n//m;
	return $self->{out};
}

sub quit
{
	my ($self) = @_;
	$self->{in} .= "\\q\n";
	$self->{run}->finish;
	return;
}

1;
