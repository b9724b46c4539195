# What fires of random chains, and when, against an independent implementation: the pure core alone.
use strict;
use warnings;
use lib 'test/perl';
use Core;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'python3 with a zone database is not installed' unless have_zones();

my $dir = PostgreSQL::Test::Utils::tempdir;
is(system("python3 -B test/differential/escalation.py $dir/cases $dir/expected"), 0, 'the other implementation answers its own questions');
build_core('escalation', $dir);
my @expected = compare_answers($dir, sub { split /^(?=case)/m, $_[0] });

# Nothing is compared that does not happen.
cmp_ok(scalar(grep { !/^\d/m } @expected), '>', 100, 'often nothing fires');
cmp_ok(scalar(grep { (() = /^\d/mg) > 4 } @expected), '>', 500, 'often much does');
done_testing();
