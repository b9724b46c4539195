# Business time against an independent implementation, over many zones and random calendars.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = 'test/differential';
plan skip_all => 'python3 with a zone database is not installed'
	if system(q{python3 -c 'import zoneinfo; zoneinfo.ZoneInfo("Pacific/Apia")' 2>/dev/null}) != 0;

my $node = PostgreSQL::Test::Cluster->new('business_time');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION service_policy');

my $file = $node->basedir . '/questions.sql';
is(system("python3 $directory/business_time.py > $file"), 0, 'the slow implementation answers its own questions');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file ],
	'its calendars are loaded');
$node->safe_psql('postgres', slurp_file("$directory/business_time.sql"));

for my $what (qw(elapsed deadline days_deadline is_open next_opening next_closing windows))
{
	my $wrong = $node->safe_psql('postgres', qq{
		SELECT time_zone, to_timestamp(a), to_timestamp(b), n, landing, expected, got, calendar
		FROM given_and_got JOIN service_policy.calendar ON name = calendar
		WHERE what = '$what' AND expected IS DISTINCT FROM coalesce(got, '') LIMIT 5});
	is($wrong, '', "$what is the same");
}
my $asked = $node->safe_psql('postgres', 'SELECT count(*) FROM question');
cmp_ok($asked, '>', 5000, 'many questions were asked');
note("$asked questions about " . $node->safe_psql('postgres', 'SELECT count(*) FROM service_policy.calendar') . ' calendars');
$node->stop;
done_testing();
