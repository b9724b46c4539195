# What the clocks have to be, from what Redmine's REST interface tells of an issue: by arithmetic of our own, which
# shares nothing with the extension.  Times are whole seconds, as Redmine tells them.
package History;
use strict;
use warnings;
use POSIX qw(mktime);
use Time::Local qw(timegm);

# What we are told, by number: "agent" and "group", users who are; "states", what a status counts as; "names" of
# priorities; "outside", projects that do not count.  And the policy document.
sub new
{
	my ($class, %self) = @_;
	return bless {%self}, $class;
}

sub epoch
{
	my ($text) = @_;
	my ($year, $month, @rest) = $text =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)Z$/ or die "what time is $text?\n";
	return timegm(reverse(@rest), $month - 1, $year);
}

# The issue's values that matter, now.
sub values_now
{
	my ($issue) = @_;
	my ($tier) = map { $_->{value} } @{ $issue->{custom_fields} };
	return { status_id => $issue->{status}{id}, priority_id => $issue->{priority}{id},
		assigned_to_id => $issue->{assigned_to} && $issue->{assigned_to}{id}, tracker => $issue->{tracker}{name}, project_id => $issue->{project}{id},
		tier => $tier };
}

# A change that the journal has, as a value of ours; none if it is of no concern.
sub name_of
{
	my ($detail) = @_;
	return 'tier' if $detail->{property} eq 'cf';
	return $detail->{name} if $detail->{property} eq 'attr' && $detail->{name} =~ /^(status|priority|assigned_to|project)_id$/;
	return;
}

# What happened, in order: the opening, then of each journal its note before its changes.
sub events
{
	my ($self, $issue) = @_;
	my @journals = @{ $issue->{journals} };
	my $values = values_now($issue);
	foreach my $detail (map { reverse @{ $_->{details} } } reverse @journals)
	{
		my $name = name_of($detail) or next;
		$values->{$name} = $detail->{old_value};
	}
	my @events = ({ kind => 'change', at => epoch($issue->{created_on}), $self->facts($values) });
	foreach my $journal (@journals)
	{
		my $at = epoch($journal->{created_on});
		push @events, { kind => $self->{agent}{ $journal->{user}{id} } ? 'reply' : 'ask', at => $at }
			if ($journal->{notes} // '') =~ /\S/ && !$journal->{private_notes};
		my %changed = map { name_of($_) ? (name_of($_) => $_->{new_value}) : () } @{ $journal->{details} };
		next unless %changed;
		$values = { %$values, %changed };
		push @events, { kind => 'change', at => $at, $self->facts($values) };
	}
	push @events, { kind => 'change', at => time, $self->facts($values), state => 'void' } if $issue->{gone};
	return @events;
}

sub facts
{
	my ($self, $values) = @_;
	my $owner = $values->{assigned_to_id};
	my $state = $self->{outside}{ $values->{project_id} } ? 'void' : $self->{states}{ $values->{status_id} };
	return (state => $state, owned => $owner && !$self->{group}{$owner},
		scenario => { priority => $self->{names}{ $values->{priority_id} }, category => $values->{tracker},
			customer_tier => $values->{tier} });
}

# Should a clock of the metric be open?
my %open_while = (
	first_response  => sub { my ($now) = @_; return !$now->{responded} },
	next_response   => sub { my ($now) = @_; return $now->{asked} && !$now->{done} },
	periodic_update => sub { my ($now) = @_; return !$now->{done} },
	resolution      => sub { my ($now) = @_; return !$now->{done} },
	closure         => sub { my ($now) = @_; return $now->{state} ne 'closed' },
	ownership       => sub { my ($now) = @_; return !$now->{done} && !$now->{owned} });

# What stands after an event, from what stood before it.
sub after
{
	my ($now, $event, $first) = @_;
	my %next = (%$now, at => $event->{at});
	if ($event->{kind} eq 'change')
	{
		@next{qw(state owned scenario)} = @$event{qw(state owned scenario)};
		$next{done} = $next{state} =~ /^(resolved|closed)$/;
		$next{asked} = 0 if $next{done} && !$now->{done};
		$next{responded} = 1 if $next{done};
	}
	$next{asked} = 1 if $event->{kind} eq 'ask';
	$next{asked} = 0 if $event->{kind} eq 'reply';
	$next{responded} = 1 if $event->{kind} eq 'reply';
	return \%next;
}

sub benchmark
{
	my ($self, $metric, $scenario) = @_;
	my ($best, $most) = (undef, -1);
	foreach my $candidate (grep { $_->{metric} eq $metric } @{ $self->{policy}{benchmarks} })
	{
		my $when = $candidate->{when} // {};
		my $matching = grep { my $fact = $_; grep { $_ eq ($scenario->{$fact} // '') } @{ $when->{$fact} } } keys %$when;
		($best, $most) = ($candidate, $matching) if $matching == keys %$when && $matching > $most;
	}
	return $best;
}

# The cycles of a metric.  Each has its stretches, [from, state of the ticket, whether the clock is open], the last of
# which ends when the clock is judged, or not at all.
sub cycles
{
	my ($self, $metric, @events) = @_;
	my ($now, @cycles) = ({ asked => 0, responded => 0 });
	foreach my $event (@events)
	{
		$now = after($now, $event);
		my $cycle = $cycles[-1];
		my $open = $cycle && !$cycle->{outcome};
		my $wanted = $open_while{$metric}->($now) && $now->{state} ne 'void';
		my $renewed = $metric eq 'periodic_update' && $event->{kind} eq 'reply';
		my $opening = $metric ne 'next_response' && $event == $events[0];
		$cycle->{answered} = 1 if $cycle && !$open && $event->{kind} eq 'reply';
		next unless $open || $wanted || $opening;
		my $benchmark = $self->benchmark($metric, $now->{scenario});
		my $stretch = [ $now->{at}, $now->{state}, $wanted ];
		if ($open || $cycle && goes_on($cycle, $benchmark))
		{
			@$cycle{qw(benchmark at outcome)} = ($benchmark, $now->{at}, undef);
			push @{ $cycle->{stretches} }, $stretch;
			$cycle->{outcome} = $now->{state} eq 'void' ? 'cancelled' : 'judged' if !$wanted || $renewed;
			next unless $renewed && $wanted;
		}
		push @cycles, { metric => $metric, cycle => @cycles + 1, benchmark => $benchmark, at => $now->{at},
			stretches => [ $stretch, $wanted ? () : $stretch ], outcome => $wanted ? undef : 'judged' };
	}
	return @cycles;
}

# Is a clock that has ended to go on, rather than another to begin?
sub goes_on
{
	my ($cycle, $benchmark) = @_;
	my $by_message = $cycle->{metric} =~ /^(next_response|periodic_update)$/;
	return !($by_message && $cycle->{answered}) if $cycle->{outcome} eq 'cancelled';
	return 0 if $by_message;
	return ($benchmark->{reopen} // 'resume') eq 'resume';
}

# The windows of business time from a moment on: next of them at each call, [from, to).
sub windows
{
	my ($calendar, $from) = @_;
	return sub { return [ $from, 9**20 ] } unless $calendar;
	my (undef, undef, undef, $day, $month, $year) = localtime($from - 86400);
	my ($opens, $length) = $calendar eq 'office' ? (9, 8) : (22, 8);
	return sub {
		while (1)
		{
			my $start = mktime(0, 0, $opens, $day, $month, $year, 0, 0, -1);
			my $end = mktime(0, 0, $opens + $length, $day, $month, $year, 0, 0, -1);
			my $weekday = (localtime($start))[6];
			$day++;
			next if $end <= $from || $calendar eq 'office' && $weekday =~ /[06]/;
			return [ $start < $from ? $from : $start, $end ];
		}
	};
}

sub business
{
	my ($calendar, $from, $to) = @_;
	my ($next, $sum) = (windows($calendar, $from), 0);
	while ((my $window = $next->())->[0] < $to)
	{
		$sum += ($window->[1] < $to ? $window->[1] : $to) - $window->[0];
		last if $window->[1] >= $to;
	}
	return $sum;
}

# When a budget is used up.
sub deadline
{
	my ($calendar, $from, $budget) = @_;
	my $next = windows($calendar, $from);
	while (1)
	{
		my $window = $next->();
		return $window->[0] + $budget if $budget <= $window->[1] - $window->[0];
		$budget -= $window->[1] - $window->[0];
	}
}

sub seconds
{
	my ($target) = @_;
	my ($n, $unit) = $target =~ /^(\d+) (hour|minute)s?$/ or die "what target is $target?\n";
	return $n * { hour => 3600, minute => 60 }->{$unit};
}

# A cycle measured: a line for each, in whole seconds.
sub measured
{
	my ($cycle) = @_;
	my ($benchmark, @stretches) = ($cycle->{benchmark}, @{ $cycle->{stretches} });
	my ($calendar, $target) = ($benchmark->{calendar}, seconds($benchmark->{target}));
	my %pause = map { $_ => 1 } @{ $benchmark->{pause_on} // [] };
	my ($elapsed, $paused, $due, $runs, $as, $since, $before) = (0, 0, undef, 0, '');
	while (my $stretch = shift @stretches)
	{
		my ($from, $state, $open) = @$stretch;
		$runs = $open && !$pause{$state};
		my $now = $runs ? 'runs' : $open ? 'pauses' : 'is judged';
		($as, $since, $before) = ($now, $from, $paused) if $as ne $now;
		last unless @stretches;
		my $length = business($calendar, $from, $stretches[0][0]);
		$due //= deadline($calendar, $from, $target - $elapsed) if $runs && $elapsed + $length >= $target;
		$runs ? ($elapsed += $length) : ($paused += $length);
	}
	my $outcome = $cycle->{outcome} // '';
	# Between the reply that solves and its own end nobody waits for an update.
	$outcome = 'cancelled' if $outcome && $cycle->{metric} eq 'periodic_update' && $cycle->{at} == $cycle->{stretches}[0][0];
	$outcome = $elapsed > $target ? 'missed' : 'met' if $outcome eq 'judged';
	$outcome ||= $runs ? 'running' : 'paused';
	$due //= deadline($calendar, $cycle->{at}, $target - $elapsed) if $outcome eq 'running';
	return join ' ', @$cycle{qw(metric cycle)}, $benchmark->{name}, $outcome, "started $cycle->{stretches}[0][0]",
		  $outcome eq 'running' ? 'due ' . $due
		: $outcome eq 'paused'  ? "counted $elapsed, paused $before since $since, due " . ($due // 'never')
		: "counted $elapsed, paused $paused, stopped $cycle->{at}";
}

# All clocks of an issue, a line each; of one that is gone, as it was before.
sub clocks
{
	my ($self, $issue) = @_;
	my @events = $self->events($issue);
	my %metric = map { $_->{metric} => 1 } @{ $self->{policy}{benchmarks} };
	return map { measured($_) } map { $self->cycles($_, @events) } sort keys %metric;
}

1;
