# What the tests of real applications share, see test/apps/README.md.
package App;
use strict;
use warnings;
use Exporter 'import';
use IO::Socket::INET;
use Test::More;

our @EXPORT_OK = qw(need free_port);

# Package => the file of it that we cannot do without, pairs of them; skips everything unless all are there.
sub need
{
	my %file = @_;
	my @missing = sort grep { !-e $file{$_} } keys %file;
	plan skip_all => "on Debian: apt-get install @missing" if @missing;
}

# A port of localhost that nobody listens on.
sub free_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1)
		or die "could not find a free port: $!\n";
	return $socket->sockport;
}

1;
