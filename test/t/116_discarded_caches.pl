# Where every look at a catalog discards all that is cached, which invalidations may do at any such moment, what is
# recorded is the same.  Only a server that was built with assertions can be told to.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Desk;

my $node = PostgreSQL::Test::Cluster->new('discarded');
$node->init;
$node->start;
if ($node->safe_psql('postgres', q{SELECT count(*) FROM pg_settings WHERE name = 'debug_discard_caches' AND max_val <> '0'}) == 0)
{
	$node->stop;
	plan skip_all => 'NOT TESTED, since the server was built without assertions: discarded caches';
}
create_desk($node, 'postgres');
create_counted($node, 'postgres');
$node->safe_psql('postgres', q{
	ALTER ROLE desk_app SET debug_discard_caches = 1;
	GRANT USAGE ON SCHEMA service_policy TO desk_app;
	GRANT EXECUTE ON FUNCTION service_policy.tick(int) TO desk_app});

sub discarding
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql, extra_params => [ '-U', 'desk_app' ], timeout => $PostgreSQL::Test::Utils::timeout_default);
}

# What was written is written once more, of other tickets.
discarding(q{
	INSERT INTO crm.ticket VALUES (11, 1, 'low', NULL, '2024-01-08 09:00Z', '2024-01-08 09:00Z'), (14, 99, 'low', NULL, '2024-01-08 12:00Z', '2024-01-08 12:00Z')});
discarding(q{UPDATE crm.ticket SET replied_at = '2024-01-08 09:30Z', updated_at = '2024-01-08 09:30Z' WHERE id = 11});
discarding(q{UPDATE crm.ticket SET status_id = 2, updated_at = '2024-01-08 10:30Z' WHERE id = 11});
discarding(q{INSERT INTO crm.refund VALUES (11, 11, 40, 50, '2024-01-02 12:00Z', '2024-01-08 12:00Z'), (12, NULL, 60, 60, '2024-01-02 12:00Z', '2024-01-31 12:00Z')});
my %compared = (ledger => '1, 4', clock => '1, 4', issue => '1, 4', refund_decision => '1, 2');
foreach my $table (sort keys %compared)
{
	my $rows = sub { "SELECT to_jsonb(t) - '{recorded_at,recorded_by,decided_at,issue_id,id,ticket_id,facts}'::text[] FROM desk_data.$table t WHERE id - $_[0] IN ($compared{$table})" };
	is($node->safe_psql('postgres', "(" . $rows->(0) . " EXCEPT ALL " . $rows->(10) . ") UNION ALL (" . $rows->(10) . " EXCEPT ALL " . $rows->(0) . ")"), '', "$table: the same rows");
	cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM (" . $rows->(10) . ") t"), '>', 0, '… of which there are some');
}

# Rows that are recorded together, and one by one.
discarding(q{INSERT INTO crm.counted SELECT id, 0, '2024-01-08 09:00Z', '2024-01-08 09:00Z' FROM generate_series(21, 30) id});
discarding(q{UPDATE crm.counted SET number = number + 1, updated_at = updated_at + interval '1 minute' WHERE id > 28});
is(disagreements($node, 'postgres'), '', 'rows that are gathered are recorded');
is(discarding('SELECT service_policy.tick()'), 0, 'a tick looks at all of it');

$node->stop;
done_testing();
