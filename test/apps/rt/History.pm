# What the clocks of policy.sql must be, from what Request Tracker tells of a ticket's history through its API.
# Knows nothing of the extension: business time is counted minute by minute.
package History;
use strict;
use warnings;
use POSIX ();
use Time::Local qw(timegm);

my $minute0 = timegm(0, 0, 0, 1, 2, 2025) / 60;
my @open_before;				# open minutes from $minute0 to each minute

sub is_open
{
	my ($minute) = @_;
	my (undef, $min, $hour, $mday, $mon, undef, $wday) = localtime($minute * 60);
	my $at = $hour * 60 + $min;
	return 0 if $mon == 3 && $mday == 18;
	return $at >= 9 * 60 && $at < 18 * 60 if $wday >= 1 && $wday <= 5;
	return $wday == 0 && $at >= 30 && $at < 4 * 60 + 30;
}

sub count_open_minutes
{
	local $ENV{TZ} = 'Europe/Lisbon';
	POSIX::tzset();
	my $open = 0;
	foreach my $minute ($minute0 .. $minute0 + 92 * 24 * 60)
	{
		push @open_before, $open;
		$open++ if is_open($minute);
	}
	delete $ENV{TZ};
	POSIX::tzset();
}

sub desk_seconds_until
{
	my ($time) = @_;
	count_open_minutes() if !@open_before;
	my $minute = int($time / 60) - $minute0;
	die "the test's calendar does not reach $time\n" if $minute < 0 || $minute >= $#open_before;
	my $here = $open_before[ $minute + 1 ] - $open_before[$minute];
	return 60 * $open_before[$minute] + $here * ($time % 60);
}

sub desk { my ($from, $to) = @_; return desk_seconds_until($to) - desk_seconds_until($from); }
sub around_the_clock { my ($from, $to) = @_; return $to - $from; }

sub seconds
{
	my ($iso) = @_;
	my ($year, $month, $day, $hour, $min, $sec) = $iso =~ /^(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)$/ or die "not a time: $iso\n";
	return timegm($sec, $min, $hour, $day, $month - 1, $year);
}

# wanted: does a clock run in such a ticket?  answered: a reply ends it.  In the end it is over for good (once), goes on
# later (resumes), or another one begins.
my %metric = (
	first_response => {
		measure => \&desk, pauses => '', at_opening => 1, answered => 1, once => 1,
		benchmark => sub { $_[0]{priority} >= 100 ? [ answer_urgent => 3600 ] : [ answer => 4 * 3600 ] },
		wanted => sub { $_[0]{state} ne 'resolved' } },
	next_response => {
		measure => \&desk, pauses => 'pending', answered => 1, exchange => 1,
		benchmark => sub { [ answer_again => 2 * 3600 ] },
		wanted => sub { $_[0]{state} ne 'resolved' && $_[0]{asked} } },
	periodic_update => {
		measure => \&around_the_clock, pauses => '', answered => 1,
		benchmark => sub { [ keep_informed => 24 * 3600 ] },
		wanted => sub { $_[0]{state} ne 'resolved' } },
	ownership => {
		measure => \&desk, pauses => '', at_opening => 1, resumes => 1,
		benchmark => sub { [ take => 90 * 60 ] },
		wanted => sub { $_[0]{state} ne 'resolved' && !$_[0]{owned} } },
	resolution => {
		measure => \&desk, pauses => 'pending', at_opening => 1, resumes => 1,
		benchmark => sub { $_[0]{priority} >= 100 ? [ solve_urgent => 6 * 3600 ] : [ solve => 16 * 3600 ] },
		wanted => sub { $_[0]{state} ne 'resolved' } },
	handling => {
		measure => \&desk, pauses => '', at_opening => 1,
		benchmark => sub { [ work => 9 * 3600 ] },
		wanted => sub { $_[0]{state} eq 'open' } });

my %state = (new => 'open', open => 'open', stalled => 'pending', resolved => 'resolved', rejected => 'void', deleted => 'void');
my %rank = (opened => 0, asked => 1, responded => 2, status => 3, owner => 3, priority => 3, merged => 3);

# A ticket's history, as the program api tells it, as events in order.
sub events
{
	my ($history) = @_;
	my %requestor = map { $_ => 1 } @{ $history->{requestors} };
	my @events;
	foreach my $item (sort { $a->{id} <=> $b->{id} } @{ $history->{items} })
	{
		my ($type, $field) = @{$item}{qw(Type Field)};
		my $author = $item->{Creator};
		my $kind =
			$type eq 'Create' ? 'opened'
			: $type eq 'Correspond' ? ($requestor{$author} ? 'asked' : 'responded')
			: $type eq 'Status' ? 'status'
			: $type eq 'Set' && $field eq 'Owner' || $type =~ /^(Take|Untake|Steal|Give|Force)$/ ? 'owner'
			: $type eq 'Set' && $field eq 'Priority' ? 'priority'
			: $type eq 'AddLink' && $field eq 'MergedInto' && $item->{NewValue} !~ m{/$history->{id}$} ? 'merged'
			: next;
		push @events, { at => seconds($item->{Created}), kind => $kind, id => $item->{id}, from => $item->{OldValue}, to => $item->{NewValue} };
	}
	@events = sort { $rank{ $a->{kind} } != $rank{ $b->{kind} } && $a->{at} == $b->{at} ? $rank{ $a->{kind} } <=> $rank{ $b->{kind} }
		: $a->{at} <=> $b->{at} || $a->{id} <=> $b->{id} } @events;
	return @events;
}

sub last_event
{
	return (events(@_))[-1]{at};
}

# What the ticket was when it was opened is what its first change changed, else what it still is.
sub first_from
{
	my ($kind, $otherwise, @events) = @_;
	my ($first) = grep { $_->{kind} eq $kind } @events;
	return $first ? $first->{from} : $otherwise;
}

sub clocks
{
	my ($now) = @_;
	my @events = events($now);
	my $status = first_from('status', $now->{status}, @events);
	if ($status eq 'resolved')
	{
		# What was resolved when it was written down was open before.
		splice @events, 1, 0, { %{ $events[0] }, kind => 'status', to => $status };
		$status = 'open';
	}
	my %first = (
		source => $status,
		owner => first_from('owner', $now->{owner}, @events),
		priority => first_from('priority', $now->{priority}, @events),
		asked => 0);
	return map { measure($_, \%first, @events) } sort keys %metric;
}

# The ticket after an event.
sub after
{
	my ($event, $before) = @_;
	my %after = %$before;
	my $kind = $event->{kind};
	$after{source} = $event->{to} if $kind eq 'status';
	$after{owner} = $event->{to} if $kind eq 'owner';
	$after{priority} = $event->{to} if $kind eq 'priority';
	$after{state} = $kind eq 'merged' || ($before->{state} // '') eq 'merged' ? 'merged' : $state{ $after{source} } // die "state $after{source}\n";
	$after{owned} = $after{owner} !~ /^(6|Nobody)$/;
	$after{asked} = 1 if $kind eq 'asked';
	$after{asked} = 0 if $kind eq 'responded' || $after{state} eq 'resolved' && ($before->{state} // '') ne 'resolved';
	return \%after;
}

sub measure
{
	my ($name, $ticket, @events) = @_;
	my $metric = $metric{$name};
	my (@clocks, $last);
	foreach my $event (@events)
	{
		my ($before, $after) = ($ticket, after($event, $ticket));
		my $clock = $clocks[-1];
		spend($clock, $last, $event->{at}, $before->{state} eq $metric->{pauses}) if runs($clock);
		if ($after->{state} =~ /^(void|merged)$/)
		{
			$clock->{gone} = $event->{at} if runs($clock);
			$clock->{lost} = 1 if $clock && $event->{kind} eq 'responded' && $metric->{answered};
		}
		else
		{
			end($clock, $event, $metric, $after) if $clock;
			$clock = begin($clock, $event, $metric, $after);
			push @clocks, { %$clock, metric => $name, cycle => 1 + @clocks } if $clock;
		}
		# Whatever happens at this instant is of the same scenario.
		@{ $clocks[-1] }{qw(benchmark target)} = @{ $metric->{benchmark}->($after) } if @clocks && (runs($clocks[-1]) || !$clocks[-1]{benchmark});
		$last = $event->{at};
		$ticket = $after;
	}
	return map { judge($_, $metric, $ticket, $last) } @clocks;
}

sub runs { return $_[0] && !defined $_[0]{stopped} && !defined $_[0]{gone}; }

# What was cancelled goes on when the ticket is back, unless it was answered meanwhile; what runs may be over.
sub end
{
	my ($clock, $event, $metric, $ticket) = @_;
	my $wanted = $metric->{wanted}->($ticket);
	# Nobody waits for an answer in a ticket that is solved.
	$clock->{lost} = 1 if $metric->{exchange} && $ticket->{state} eq 'resolved';
	spend($clock, delete $clock->{gone}, $event->{at}, 1) if defined $clock->{gone} && !$clock->{lost} && $wanted;
	return if !runs($clock);
	my $answer = $event->{kind} eq 'responded' && $metric->{answered} && ($event->{at} > $clock->{started} || $metric->{once});
	$clock->{stopped} = $event->{at} if $answer || !$wanted;
}

# The clock that begins now, if one does and it is not the old one again.
sub begin
{
	my ($clock, $event, $metric, $ticket) = @_;
	my $wanted = $metric->{wanted}->($ticket);
	return if runs($clock) || !$wanted && ($clock || !$metric->{at_opening});
	return { started => $event->{at}, spans => [], $wanted ? () : (stopped => $event->{at}) } if !$clock;
	return if $metric->{once} || defined $clock->{gone} && !$clock->{lost};
	return { started => $event->{at}, spans => [] } if !$metric->{resumes};
	spend($clock, delete $clock->{stopped}, $event->{at}, 1);
	return;
}

# Of a clock's time, that from one event to the next.
sub spend
{
	my ($clock, $from, $to, $paused) = @_;
	push @{ $clock->{spans} }, { from => $from, to => $to, paused => $paused ? 1 : 0 };
}

# What is told of a clock: elapsed and paused up to its end, else up to the ticket's last event.
sub judge
{
	my ($clock, $metric, $ticket, $last) = @_;
	my $measure = $metric->{measure};
	my @spent = (0, 0);
	$spent[ $_->{paused} ] += $measure->($_->{from}, $_->{to}) foreach @{ $clock->{spans} };
	my $paused = defined $clock->{stopped} ? @{ $clock->{spans} } && $clock->{spans}[-1]{paused} : $ticket->{state} eq $metric->{pauses};
	# Between the reply that solves and its own end nobody waits for an update.
	my $nothing = $metric == $metric{periodic_update} && defined $clock->{stopped} && $clock->{stopped} == $clock->{started};
	my $state =
		$nothing ? 'cancelled'
		: defined $clock->{stopped} ? ($spent[0] > $clock->{target} ? 'missed' : 'met')
		: defined $clock->{gone} ? 'cancelled'
		: $paused ? 'paused'
		: 'running';
	return line({ %$clock, state => $state, stopped => $clock->{stopped} // $clock->{gone},
		elapsed => $spent[0], paused => $spent[1], due => due($clock, $measure, $paused, $clock->{stopped} // $last) });
}

# When the target is used up: never, while the clock is paused.
sub due
{
	my ($clock, $measure, $paused, $end) = @_;
	my $left = $clock->{target};
	foreach my $span (grep { !$_->{paused} } @{ $clock->{spans} })
	{
		my $here = $measure->($span->{from}, $span->{to});
		return earliest($measure, $span->{from}, $left) if $here >= $left;
		$left -= $here;
	}
	return $paused ? undef : earliest($measure, $end, $left);
}

# The first second at which so much has been counted.
sub earliest
{
	my ($measure, $from, $seconds) = @_;
	my ($too_early, $enough) = ($from - 1, $from + 30 * 86400);
	while ($enough - $too_early > 1)
	{
		my $middle = int(($too_early + $enough) / 2);
		if ($measure->($from, $middle) >= $seconds) { $enough = $middle; }
		else { $too_early = $middle; }
	}
	return $enough;
}

# A row of the clock table, times in seconds since 1970; of an open clock what was counted until the last event.
sub clock_in_database
{
	my ($row, $last) = @_;
	my $measure = $metric{ $row->{metric} }{measure};
	my $since = $row->{counted_from} // $row->{paused_at};
	return line({ %$row, elapsed => "beyond $last, it" }) if ($since // 0) > $last;
	$row->{elapsed} += $measure->($since, $last) if $row->{state} eq 'running';
	$row->{paused} += $measure->($since, $last) if $row->{state} eq 'paused';
	return line($row);
}

sub line
{
	my ($clock) = @_;
	my ($started, $stopped, $due) = map { defined $_ ? POSIX::strftime('%F %T', gmtime $_) : '-' } @{$clock}{qw(started stopped due)};
	$due = '-' if $clock->{state} eq 'cancelled';
	return "$clock->{metric} $clock->{cycle}: $clock->{benchmark} $clock->{state}, $started to $stopped, due $due,"
		. " $clock->{elapsed} s counted, $clock->{paused} s paused";
}

1;
