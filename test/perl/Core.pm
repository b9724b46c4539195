# The pure core in a program of its own, held against an independent implementation that writes its cases.
package Core;
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use Exporter 'import';
our @EXPORT = qw(have_zones build_core compare_answers);

my $directory = 'test/differential';

sub have_zones { return system(q{python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("Africa/Casablanca")' 2>/dev/null}) == 0 }

# Build test/differential/$name.c with all that is pure, and have it answer $dir/cases.
sub build_core
{
	my ($name, $dir) = @_;
	my $cores = `grep -l '^#include "core.h"' src/*.c` =~ s/\n/ /gr;
	is(system("gcc -std=gnu11 -O1 -w -DSVP_STANDALONE -Isrc -o $dir/$name $directory/$name.c $cores"), 0, 'the core builds into a program');
	is(system("$dir/$name <$dir/cases >$dir/got"), 0, 'which answers');
}

# Compare the answers, of which $split makes a list; gives those expected.
sub compare_answers
{
	my ($dir, $split) = @_;
	my ($cases, $expected, $got) = map { [ $split->(slurp_file("$dir/$_") =~ s/^calendar.*\n//mgr) ] } qw(cases expected got);
	is(@$got, @$cases, 'it answers all questions');
	my @wrong = grep { $got->[$_] ne $expected->[$_] } 0 .. $#$cases;
	is(@wrong, 0, 'and the same');
	diag("$cases->[$_]\nexpected $expected->[$_]\ngot $got->[$_]") for @wrong[ 0 .. ($#wrong < 2 ? $#wrong : 2) ];
	return @$expected;
}

1;
