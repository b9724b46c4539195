# Refused refunds of the desk, and where they are on record: for the TAP tests about that.
package Refusal;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(late caught log_size logged recorded workers);

# A refund that comes too late; and one of which the application never hears.
sub late
{
	my ($id) = @_;
	return "INSERT INTO crm.refund VALUES ($id, 1, 40, 500, '2024-01-02 12:00Z', '2024-02-02 12:00Z')";
}

sub caught
{
	return 'DO $$ BEGIN ' . join('', map { 'BEGIN ' . late($_) . '; EXCEPTION WHEN check_violation THEN NULL; END; ' } @_) . 'END $$';
}

sub log_size
{
	my ($node) = @_;
	return -s $node->logfile;
}

# The records in a node's log from an offset on, each with the reason for which it is not in the table.
sub logged
{
	my ($node, $offset) = @_;
	my @lines = split /\n/, substr slurp_file($node->logfile), $offset;
	my @found;
	foreach my $i (0 .. $#lines)
	{
		next if $lines[$i] !~ /LOG:  service_policy refused a refund: (\{.*\})$/;
		my $record = decode_json($1);
		my ($why) = ($lines[ $i + 1 ] // '') =~ /DETAIL:  It is not in the table refund_attempt: (.*)\.$/;
		push @found, { %$record, why => $why };
	}
	return @found;
}

# Keys in the table, in order, as soon as it has so many.
sub recorded
{
	my ($node, $database, $expected, $where) = @_;
	$where //= 'true';
	$node->poll_query_until($database, "SELECT count(*) >= $expected FROM desk_data.refund_attempt WHERE $where") or diag('too few are recorded');
	return $node->safe_psql($database, "SELECT string_agg(refund_key, ' ' ORDER BY attempt_id) FROM desk_data.refund_attempt WHERE $where");
}

# Process numbers, as a query.
sub workers
{
	return q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'service_policy attempts'};
}

1;
