# What the documentation shows is what happens.
#
# Each page is run in a database of its own: all its blocks of sql, in order, in one session of
# psql -X -q.  A block of text after one of sql is its output, to the letter; without one it must
# not fail.  With SVP_DOCS_UPDATE set, the pages as they ought to be are left in results/pages.
use strict;
use warnings;
use File::Basename;
use File::Path qw(make_path);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @pages = grep { -e } 'README.md', sort glob 'docs/*.md';
my $update = $ENV{SVP_DOCS_UPDATE};
my $fence = qr/^```(\w*)[ \t]*(.*?)\n(.*?)^```[ \t]*$/ms;

# The blocks of sql: where they are, and the text that is to come out.
sub examples
{
	my ($page) = @_;
	my (@examples, $last_end);
	while ($page =~ /$fence/g)
	{
		my ($language, $mark, $content) = ($1, $2, $3);
		my ($start, $end) = ($-[3], $+[3]);
		my $whole_start = $-[0];
		my $whole_end = $+[0];
		if ($language eq 'sql' && $mark eq '')
		{
			push @examples, { sql => $content, line => 1 + (substr($page, 0, $whole_start) =~ tr/\n//) };
			$last_end = $whole_end;
		}
		elsif ($language eq 'text' && defined $last_end
			&& substr($page, $last_end, $whole_start - $last_end) =~ /^\s*$/)
		{
			@{ $examples[-1] }{qw(text start end)} = ($content, $start, $end);
			undef $last_end;
		}
		else
		{
			undef $last_end;
		}
	}
	return @examples;
}

my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;

# Run blocks in one session.  Returns what each of them printed.
sub run_examples
{
	my ($database, @examples) = @_;
	my $script = "\\set SHOW_CONTEXT never\n";
	$script .= "$_->{sql}\n\\echo :::: end of block\n" foreach @examples;
	local $ENV{PGTZ};
	delete $ENV{PGTZ};
	my $output = '';
	IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr($database) ],
		'<', \$script, '>', \$output, '2>&1');
	my @outputs = split /^:::: end of block\n/m, $output, -1;
	pop @outputs;
	return map { s/\s*\z/\n/r =~ s/\A\n\z//r } @outputs;
}

# What a page leaves in the cluster beside its database.
sub forget_roles
{
	my $roles = $node->safe_psql('postgres', q{SELECT rolname FROM pg_roles WHERE oid >= 16384});
	$node->safe_psql('postgres', qq{DROP ROLE "$_"}) foreach split /\n/, $roles;
}

sub check_page
{
	my ($file) = @_;
	my $page = slurp_file($file);
	my @examples = examples($page);
	if (!@examples)
	{
		like($page, qr/^<!-- no examples? -->$/m, "$file has examples, or says that it has none");
		return;
	}

	$node->safe_psql('postgres', 'CREATE DATABASE page');
	$node->safe_psql('page', 'CREATE EXTENSION service_policy');
	my @outputs = run_examples('page', @examples);
	$node->safe_psql('postgres', 'DROP DATABASE page');
	forget_roles();

	is(scalar @outputs, scalar @examples, "$file: all examples ran");
	foreach my $i (reverse 0 .. $#outputs)
	{
		my $example = $examples[$i];
		if (!defined $example->{text})
		{
			unlike($outputs[$i], qr/^(ERROR|FATAL|PANIC|WARNING):|^\\\w.*:|^invalid command/m,
				"$file, line $example->{line}: runs");
			next;
		}
		is($outputs[$i], $example->{text}, "$file, line $example->{line}: the output is as shown");
		substr($page, $example->{start}, $example->{end} - $example->{start}, $outputs[$i]);
	}
	return if !$update;
	make_path('results/pages/' . dirname($file));
	open my $out, '>', "results/pages/$file" or die "could not write results/pages/$file: $!\n";
	print $out $page;
	close $out;
}

# Links to files lead to files, and those into a page to one of its headings.
sub check_links
{
	my ($file) = @_;
	my @broken;
	(my $prose = slurp_file($file)) =~ s/$fence//g;
	while ($prose =~ /\]\(([^)\s]+)\)/g)
	{
		my ($path, $anchor) = split /#/, $1, 2;
		next if $path =~ /^\w+:/;
		my $target = $path eq '' ? $file : dirname($file) . "/$path";
		if (!-e $target)
		{
			push @broken, $path;
		}
		elsif (defined $anchor)
		{
			my %headings = map { s/[^\w\- ]//gr =~ tr/ /-/r => 1 } map { lc } slurp_file($target) =~ /^#+ (.*)$/mg;
			push @broken, "$path#$anchor" if !$headings{$anchor};
		}
	}
	is("@broken", '', "$file: links lead somewhere");
}

foreach my $file (@pages)
{
	check_page($file);
	check_links($file);
}

# All that users may call or read is documented.
my $docs = join '', map { slurp_file($_) } glob 'docs/*.md';
$node->safe_psql('postgres', 'CREATE EXTENSION service_policy');
my @public = split /\n/, $node->safe_psql('postgres', q{
	SELECT proname FROM pg_proc WHERE pronamespace = 'service_policy'::regnamespace AND proname !~ '^_'
	UNION
	SELECT relname FROM pg_class WHERE relnamespace = 'service_policy'::regnamespace AND relkind IN ('r', 'v', 'p')
	ORDER BY 1});
push @public, map { slurp_file($_) =~ /^CREATE (?:TABLE|VIEW) \@\w+\@\.(\w+)/mg } glob 'sql/attachment/*.sql';
cmp_ok(scalar @public, '>', 20, 'there is a public surface to document');
is(join(' ', grep { $docs !~ /\b\Q$_\E\b/ } @public), '', 'every public function, table and view is in docs/');
my $index = slurp_file('docs/README.md');
is(join(' ', grep { $_ ne 'README.md' && index($index, "($_)") < 0 } map { basename($_) } glob 'docs/*.md'),
	'', 'docs/README.md links to every page');

$node->stop;
done_testing();
