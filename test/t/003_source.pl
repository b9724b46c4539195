# Habits of the source that no compiler checks.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;

sub lines_like
{
	my ($pattern, @files) = @_;
	my @found;
	foreach my $file (@files)
	{
		my $number = 0;
		foreach my $line (split /\n/, slurp_file($file))
		{
			$number++;
			push @found, "$file:$number: $line" if $line =~ $pattern;
		}
	}
	return join "\n", @found;
}

my @c = glob 'src/*.c src/*.h test/unit/*.c test/unit/*.h';
my @sql = glob 'sql/parts/*.sql sql/attachment/*.sql sql/updates/*.sql';

is(lines_like(qr/[ \t]$/, @c, @sql, 'Makefile'), '', 'no space at the end of a line');
is(lines_like(qr/^ {4,}\S/, grep { !/\*/ } @c), '', 'C is indented with tabs');
is(lines_like(qr{(^|[\s;])//}, @c), '', 'C comments are /* */');
is(lines_like(qr/PG_VERSION_NUM/, grep { $_ ne 'src/compat.h' } glob 'src/*.[ch]'),
	'', 'only compat.h asks for the version of the server');
is(lines_like(qr/\bCREATE\b.*(\bOR REPLACE\b|\bIF NOT EXISTS\b)|\bCREATE POLICY\b/i, glob 'sql/parts/*.sql'),
	'', 'the install script adopts nothing that was there before, and makes no row policies');
is(lines_like(qr/^\s*(GRANT|REVOKE)\b/, grep { $_ ne 'sql/parts/privileges.sql' } glob 'sql/parts/*.sql'),
	'', 'privileges are in one file');

is(lines_like(qr/(?<!IntervalStyle = )\b(postgres|nobody|root)\b/, glob 'expected/*.out'),
	'', 'what a test prints does not depend on who runs it');

my ($parts) = slurp_file('Makefile') =~ /^SQL_PARTS = ((?:.*\\\n)*.*)$/m;
my %listed = map { $_ => 1 } grep { $_ ne '\\' } split ' ', $parts;
$listed{attachment_ddl} = 1 if -e 'sql/parts/attachment_ddl.sql';
my %there = map { m{([^/]+)\.sql$} => 1 } glob 'sql/parts/*.sql';
is_deeply([ sort keys %there ], [ sort keys %listed ], 'every part of the install script is in it');

# These tables are read and written without putting their columns in another order, unless an owner has altered them.
my $table = slurp_file('src/table.c');
my ($of_ticket) = $table =~ /define TICKET_COLUMNS(.*?)\n\n/s;
foreach my $name (qw(ledger message clock refund_decision refund_tally))
{
	my ($short) = $name =~ /([a-z]+)$/;
	my ($shape) = $table =~ /SvpColumn ${short}_columns\[\] = \{(.*?)\n\};/s;
	$shape =~ s/TICKET_COLUMNS/$of_ticket/;
	# what begins with the refund's key ends with the ticket's
	my @used = ($shape =~ /\{"(\w+)"/g, $name eq 'refund_decision' ? '@ticket_columns@' : ());
	my @made = grep { $_ ne '@key_columns@' } slurp_file("sql/attachment/$name.sql") =~ /^ {4}(\@?[a-z_]+\@?)[ ,]/mg;
	is_deeply(\@made, \@used,
		"the columns of $name are in the same order where it is made and where it is used");
}

SKIP:
{
	my ($out, $err);
	skip 'there is no nm', 1 if !IPC::Run::run([ 'nm', '-D', '--defined-only', 'service_policy.so' ], '>', \$out, '2>', \$err);
	my @odd = grep { !/^(svp_|_?PG_|Pg_magic_func$|pg_finfo_svp_)/i } $out =~ /^\S+ [A-TV-Z] (\S+)$/mg;
	is("@odd", '', 'all that the library exports starts with svp_');
}

done_testing();
