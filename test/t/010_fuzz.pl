# The fuzzers run for a short while, and find nothing.
use strict;
use warnings;
use Test::More;

plan skip_all => 'clang with libFuzzer is not installed'
	if system('printf "int LLVMFuzzerTestOneInput(const char *d, long n) { return 0; }" | '
		  . 'clang -x c -fsanitize=fuzzer -o /dev/null - 2>/dev/null') != 0;

my $output = `test/fuzz/run 10 2>&1`;
is($?, 0, 'ten seconds of fuzzing each core find no difference and no error') or diag($output);
my ($runs) = $output =~ /stat::number_of_executed_units:\s*(\d+)/;
cmp_ok($runs // 0, '>', 100, 'the fuzzer ran');
note($output);
done_testing();
