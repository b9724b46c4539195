# The lives of some issues: when, who, what, for Helpdesk.pm to play.
package Lives;
use strict;
use utf8;
use warnings;
use Helpdesk;

# A time is local of Europe/Berlin, where the clocks were put back on 27 October 2024, a Sunday, at three in the morning,
# and forward on 31 March; or it is a Unix time.
sub written
{
	return (
		everyday => [
			[ '2024-10-21 08:15', carla => tracker => 'Unterstützung' ],
			[ '2024-10-21 09:40', anna  => notes => 'Wer kennt sich aus?', private_notes => 1, owner => 'bert' ],
			[ '2024-10-21 10:30', bert  => notes => 'Ich sehe nach.', status => 'In Bearbeitung' ],
			[ '2024-10-21 11:00', bert  => notes => 'Welche Version?', status => 'Feedback' ],
			[ '2024-10-22 09:30', carla => notes => 'Die neue.' ],
			[ '2024-10-22 10:00', carla => notes => 'Und es eilt.' ],
			[ '2024-10-22 13:15', anna  => status => 'In Bearbeitung', priority => 'Sofort' ],
			[ '2024-10-22 14:00', bert  => owner => undef ],
			[ '2024-10-22 15:30', anna  => owner => 'anna', notes => 'Ich übernehme.' ],
			[ '2024-10-23 16:45', anna  => status => 'Gelöst', notes => 'Sollte gehen.' ],
			[ '2024-10-24 08:00', carla => notes => 'Geht leider nicht.' ],
			[ '2024-10-24 10:00', anna  => status => 'In Bearbeitung' ],
			[ '2024-10-25 12:00', anna  => status => 'Gelöst', notes => 'Jetzt aber.' ],
			[ '2024-10-28 09:00', anna  => status => 'Erledigt' ],
			[ '2024-10-29 09:00', carla => notes => 'Danke!' ],
		],
		reopened_with_a_reply => [
			[ '2024-06-03 09:00', dora => priority => 'Hoch' ],
			[ '2024-06-03 10:00', anna => status => 'Gelöst' ],
			[ '2024-06-04 11:00', dora => notes => 'Nein.' ],
			[ '2024-06-04 12:00', anna => status => 'In Bearbeitung', notes => 'Oh.' ],
			[ '2024-06-05 12:00', dora => notes => 'Und?' ],
			[ '2024-06-05 13:00', anna => status => 'Erledigt', notes => 'Jetzt.' ],
			[ '2024-06-06 13:00', anna => status => 'In Bearbeitung' ],
			[ '2024-06-07 13:00', anna => status => 'Erledigt' ],
		],
		rejected => [
			[ '2024-06-10 10:00', dora => tracker => 'Feature' ],
			[ '2024-06-11 10:00', dora => notes => 'Und?' ],
			[ '2024-06-11 16:00', anna => status => 'Abgewiesen', notes => 'Bitte nicht.' ],
		],
		rejected_by_mistake => [
			[ '2024-06-10 10:00', dora => tracker => 'Feature' ],
			[ '2024-06-10 11:00', anna => status => 'Abgewiesen' ],
			[ '2024-06-10 13:00', anna => status => 'Neu', owner => 'anna' ],
			[ '2024-06-12 13:00', anna => status => 'Gelöst' ],
		],
		deleted => [
			[ '2024-06-12 10:00', 'carla' ],
			[ '2024-06-12 11:00', anna  => notes => 'Gleich.' ],
			[ '2024-06-13 11:00', 'delete' ],
		],
		deleted_when_closed => [
			[ '2024-06-12 10:00', 'carla' ],
			[ '2024-06-17 11:00', anna  => status => 'Erledigt', notes => 'Fertig.' ],
			[ '2024-06-18 11:00', 'delete' ],
		],
		clocks_put_back => [
			[ '2024-10-25 16:00', dora => priority => 'Sofort', tier => 'Gold' ],
			[ '2024-10-26 23:30', bert => owner => 'bert' ],
			[ '2024-10-27 01:30', bert => notes => 'Ich bin dran.' ],
			[ '2024-10-27 05:00', bert => notes => 'Versuchen Sie es noch einmal.', status => 'Feedback' ],
			[ '2024-10-27 22:30', dora => notes => 'Nein.' ],
			[ '2024-10-28 00:30', bert => status => 'In Bearbeitung' ],
			[ '2024-10-28 03:30', bert => status => 'Gelöst', notes => 'Und jetzt?' ],
		],
		hour_that_comes_twice => [
			[ '2024-10-26 23:00', carla => priority => 'Sofort' ],
			[ 1729989000, bert  => owner => 'bert' ],                           # 2:30
			[ 1729992600, bert  => priority => 'Hoch', status => 'Feedback' ],    # 2:30 again
			[ '2024-10-27 10:00', anna => status => 'Erledigt' ],
		],
		clocks_put_forward => [
			[ '2024-03-30 21:00', carla => priority => 'Sofort' ],
			[ '2024-03-31 01:30', anna  => notes => 'Moment.' ],
			[ '2024-03-31 03:30', anna  => owner => 'anna' ],
			[ '2024-03-31 05:00', carla => notes => 'Wie lange noch?' ],
			[ '2024-04-02 07:30', anna  => status => 'Erledigt', notes => 'Fertig.' ],
		],
		customer_class => [
			[ '2024-07-01 20:00', carla => priority => 'Sofort', tier => 'Gold' ],
			[ '2024-07-01 23:00', anna  => tier => 'Silber' ],
			[ '2024-07-02 23:00', anna  => tier => 'Gold' ],
			[ '2024-07-03 09:00', anna  => status => 'Gelöst' ],
		],
		solved_as_another_class => [
			[ '2024-07-01 20:00', carla => priority => 'Sofort', tier => 'Silber' ],
			[ '2024-07-02 09:00', anna  => tier => 'Gold', status => 'Gelöst', notes => 'Sie sind Gold.' ],
		],
		passed_around => [
			[ '2024-07-08 09:00', dora => tracker => 'Feature' ],
			[ '2024-07-08 10:00', anna => owner => 'Zweite Ebene' ],
			[ '2024-07-08 11:30', bert => owner => 'bert' ],
			[ '2024-07-08 14:00', bert => owner => 'Zweite Ebene' ],
			[ '2024-07-09 12:00', anna => owner => 'anna' ],
			[ '2024-07-09 15:00', anna => owner => undef ],
		],
		moved_to_another_project => [
			[ '2024-07-08 09:00', dora  => owner => 'anna' ],
			[ '2024-07-08 15:00', admin => project => 'intern' ],
			[ '2024-07-09 15:00', admin => project => 'hilfe' ],
			[ '2024-07-10 11:00', anna  => status => 'Gelöst' ],
		],
		by_phone => [
			[ '2024-07-10 09:00', anna => priority => 'Niedrig' ],
			[ '2024-07-10 12:00', anna => notes => 'Ich rufe zurück.', status => 'Feedback' ],
		],
		forgotten => [
			[ '2024-07-11 09:00', 'carla' ],
			[ '2024-07-12 09:00', carla => notes => 'Hallo?' ],
		],
	);
}

# Lives that nobody made up, each by its number; in the hour that comes twice nothing happens.
sub random
{
	my ($number) = @_;
	srand($number);
	my $now = Helpdesk::moment('2024-09-02 07:00') + int rand(80 * 86400);
	my @steps = ([ $now, pick(qw(carla dora anna)) => priority(), pick([], [ tier => 'Gold' ], [ owner => 'anna' ]), pick([], [ tracker => 'Feature' ]) ]);
	foreach (1 .. 4 + rand 9)
	{
		$now += 60 + int(rand()**4 * 6 * 86400);
		$now += 7200 if $now >= 1729987200 && $now < 1729994400;
		push @steps, [ $now, step() ];
	}
	return map { [ map { ref ? @$_ : $_ } @$_ ] } @steps;
}

sub pick { return $_[ rand @_ ] }

sub priority { return [ priority => pick(qw(Niedrig Normal Sofort Sofort)) ] }

sub status { return [ status => pick('Neu', ('In Bearbeitung', 'Feedback', 'Gelöst') x 3, 'Erledigt', 'Erledigt', 'Abgewiesen') ] }

sub owner { return [ owner => pick(qw(anna bert), 'Zweite Ebene', undef) ] }

sub step
{
	my @note = (notes => 'Dazu etwas.');
	return pick(
		(sub { pick(qw(carla dora)) => @note }) x 3,
		sub { pick(qw(anna bert)) => @note },
		(sub { pick(qw(anna admin)) => @note, status() }) x 2,
		(sub { pick(qw(anna admin)) => status() }) x 3,
		sub { anna => @note, private_notes => 1, pick([], owner()) },
		(sub { bert => owner(), pick([], [@note]) }) x 2,
		sub { anna => priority() },
		sub { anna => tier => pick(qw(Gold Silber)), pick([], owner()) })->();
}

1;
