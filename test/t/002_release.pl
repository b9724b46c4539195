# What a release says of itself in several places agrees with the control file.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my ($version) = slurp_file('service_policy.control') =~ /^default_version = '([^']+)'/m;
ok($version, 'the control file states a version');

my $meta = decode_json(slurp_file('META.json'));
is($meta->{version}, $version, 'META.json states it');
is($meta->{provides}{service_policy}{version}, $version, 'META.json provides it');
for my $key (qw(name abstract license maintainer provides meta-spec))
{
	ok($meta->{$key}, "META.json has $key, which PGXN requires");
}
for my $key (qw(file docfile))
{
	my $file = $meta->{provides}{service_policy}{$key};
	ok(-e $file, "META.json names $file, which exists");
}

my ($changes) = slurp_file('CHANGELOG.md') =~ /^## (\S+)/m;
is($changes, $version, 'the newest entry of CHANGELOG.md is of it');
my ($debian) = slurp_file('debian/changelog') =~ /^service-policy \((\S+)-\d+\)/;
is($debian, $version, 'debian/changelog packages it');

# debian/control is written by pg_buildext from control.in, once for each server version.
my ($template) = slurp_file('debian/control.in') =~ /^(Package:.*)\z/ms;
my $control = slurp_file('debian/control');
my @packaged = $control =~ /^Package: postgresql-(\d+)-service-policy$/mg;
ok(@packaged, 'debian/control names the server versions packaged');
for my $major (@packaged)
{
	(my $paragraph = $template) =~ s/PGVERSION/$major/g;
	ok(index($control, $paragraph) >= 0, "debian/control has the package for $major as control.in has it");
}

done_testing();
