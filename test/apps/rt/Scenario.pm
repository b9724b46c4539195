# What happens to the tickets: steps of [time, what, who, …], for each interface, and at random.
package Scenario;
use strict;
use warnings;
use Time::Local qw(timegm);

# March 2025, UTC; the clocks change on Sunday the 30th.
sub march
{
	my ($time) = @_;
	my ($day, $hour, $minute, $second) = $time =~ /^(\d+) (\d+):(\d+)(?::(\d+))?$/ or die "not a time: $time\n";
	return timegm($second // 0, $minute, $hour, 1, 2, 2025) + ($day - 1) * 86400;
}

my @whole_life = (
	[ '3 09:12:07', create => 'bruno', 'ana' ],
	[ '3 09:20', comment => 'bruno' ],
	[ '3 09:41:30', owner => 'bruno', 'bruno' ],
	[ '3 10:02:11', answer => 'ana' ],					# before anybody has replied
	[ '3 11:15:59', reply => 'bruno' ],
	[ '3 11:16:30', status => 'bruno', 'stalled' ],
	[ '4 08:10', answer => 'ana' ],						# which Request Tracker leaves stalled
	[ '4 09:05', status => 'bruno', 'open' ],
	[ '4 10:00:01', answer => 'ana' ],
	[ '4 13:30:45', reply => 'carla' ],					# too late
	[ '4 14:00', status => 'bruno', 'resolved' ],
	[ '5 10:00', answer => 'ana' ],						# which reopens it
	[ '5 10:30', reply => 'bruno' ],
	[ '5 11:00', status => 'bruno', 'resolved' ],
	[ '6 09:00', status => 'carla', 'open' ],
	[ '6 12:00:59', reply => 'carla' ],
	[ '6 12:00:59', status => 'carla', 'resolved' ],	# in one second
	[ '7 12:00', status => 'carla', 'deleted' ]);		# which changes nothing that was judged

my @rejected = (
	[ '10 08:55', create => 'bruno', 'ana' ],
	[ '10 09:30', owner => 'bruno', 'carla' ],
	[ '10 10:00', owner => 'carla', 'Nobody' ],
	[ '10 10:30', answer => 'ana' ],
	[ '10 16:00', status => 'bruno', 'rejected' ]);

my @night_of_the_clocks = (
	[ '28 17:50', create => 'bruno', 'ana', Priority => 100 ],
	[ '30 00:40', reply => 'carla' ],
	[ '30 00:50', answer => 'ana' ],
	[ '30 01:10', status => 'carla', 'stalled' ],
	[ '30 02:20', status => 'carla', 'open' ],
	[ '30 02:50', reply => 'carla' ],
	[ '31 08:30', priority => 'carla', 0 ],
	[ '31 09:00', status => 'carla', 'resolved' ]);

my @open = ([ '12 10:00', create => 'bruno', 'ana' ], [ '12 10:30', answer => 'ana' ], [ '12 11:00', priority => 'bruno', 100 ]);
my @waiting = ([ '12 10:00', create => 'bruno', 'ana' ], [ '12 10:10', reply => 'bruno' ], [ '12 10:10', status => 'bruno', 'stalled' ], [ '13 10:10', answer => 'ana' ]);

# What only programs do.
my @merged = ([ '17 09:00', create => 'bruno', 'ana' ], [ '17 10:00', reply => 'bruno' ], [ '17 11:00', answer => 'ana' ], [ '17 15:00', merge => 'bruno', 'the one that stays' ]);
my @merged_into = ([ '17 08:59', create => 'bruno', 'ana' ], [ '17 16:00', reply => 'bruno' ]);
my @by_telephone = ([ '18 10:00', create => 'bruno', 'ana', Status => 'resolved' ], [ '18 11:00', answer => 'ana' ], [ '18 12:00', status => 'bruno', 'resolved' ]);
my @undeleted = ([ '19 10:00', create => 'bruno', 'ana' ], [ '19 10:30', status => 'bruno', 'deleted' ], [ '19 11:30', status => 'bruno', 'open' ],
	[ '19 12:00', reply => 'bruno' ]);

# Each scenario with each interface; and what only one of them can do.
sub written
{
	my (%interface) = @_;
	my %scenario = (
		'a whole life' => \@whole_life, 'rejected' => \@rejected, 'the night when the clocks change' => \@night_of_the_clocks,
		'still open' => \@open, 'still waiting' => \@waiting);
	my @tickets;
	foreach my $how (sort keys %interface)
	{
		foreach my $name (sort keys %scenario)
		{
			push @tickets, { name => "$name, $how", with => $interface{$how}, steps => at_march($scenario{$name}) };
		}
	}
	my %programs = ('merged' => \@merged, 'the one that stays' => \@merged_into, 'by telephone' => \@by_telephone, 'undeleted' => \@undeleted);
	push @tickets, map { { name => $_, with => $interface{Perl}, steps => at_march($programs{$_}) } } sort keys %programs;
	return @tickets;
}

sub at_march
{
	my ($steps) = @_;
	return [ map { my ($time, @step) = @$_; [ march($time), @step ] } @$steps ];
}

# Tickets to which anything happens: mostly what happens mostly, a second, minutes, hours or days after what was before.
sub random
{
	my ($perl, $seed, $count) = @_;
	srand($seed);
	return map { { name => "random $_, seed $seed", with => $perl, random => 1, steps => [ random_steps() ] } } 1 .. $count;
}

sub random_steps
{
	my $time = march('3 08:00') + int rand 12 * 86400;
	my @steps = [ $time, create => 'bruno', 'ana', Priority => pick(0, 0, 50, 100), Status => pick(qw(new new new open resolved)) ];
	foreach (1 .. 8 + rand 12)
	{
		$time += 1 + int pick(0, rand 60, rand 3600, rand 3600, rand 6 * 3600, rand 30 * 3600, rand 4 * 86400);
		push @steps, [ $time, @{ pick(
			[ reply => agent() ], [ reply => agent() ], [ reply => agent() ],
			[ answer => 'ana' ], [ answer => 'ana' ], [ answer => 'ana' ],
			[ comment => agent() ],
			[ owner => agent(), pick(qw(bruno carla Nobody)) ],
			[ priority => agent(), pick(0, 50, 100) ],
			(map { [ status => agent(), $_ ] } qw(stalled stalled open open resolved resolved), pick(qw(new rejected deleted))) ) } ];
	}
	return @steps;
}

sub pick { return $_[ rand @_ ]; }
sub agent { return pick(qw(bruno carla)); }

# All steps of all tickets, in order of time, and what else is to be done: [time, sub].
sub play
{
	my ($tracker, $tickets, @else) = @_;
	my @steps = map { [ undef, @$_ ] } @else;
	foreach my $ticket (@$tickets)
	{
		push @steps, map { [ $ticket, @$_ ] } @{ $ticket->{steps} };
	}
	foreach my $step (sort { $a->[1] <=> $b->[1] } @steps)
	{
		my ($ticket, $time, $what, $who, @more) = @$step;
		$tracker->at($time);
		if (!$ticket)
		{
			$what->();
			next;
		}
		if ($what eq 'create')
		{
			$ticket->{id} = $ticket->{with}->create($who, @more);
			next;
		}
		# Another ticket is named by its name.
		@more = map { $_->{id} } grep { $_->{name} eq $more[0] } @$tickets if $what eq 'merge';
		my $done = eval { $ticket->{with}->$what($who, $ticket->{id}, @more); 1 };
		# What happens at random may be so already.
		die $@ if !$done && !($ticket->{random} && $@ =~ /already|from '(\w+)' to '\1'/);
	}
}

1;
