/*
 * Folds the histories that clock.py writes and prints their clocks, a line
 * each.  Numbers are microseconds since 2000-01-01 00:00 UTC, or counts; "-"
 * is a priority that is not known.
 *
 *	calendar ... (see cases.h)
 *	case METRIC OPENED_AT NBENCHMARKS NEVENTS
 *	benchmark CALENDAR TARGET DAYS END_OF_DAY AT_RISK START_ON STOP_ON PAUSE_ON RESUME PRIORITY
 *	event KIND AT STATE OWNED PRIORITY
 */
#include "clock.h"
#include "cases.h"

static const char *
priority(void)
{
	static const char *const known[] = {"low", "urgent"};
	const char *name = word();

	for (int i = 0; i < lengthof(known); i++)
	{
		if (strcmp(name, known[i]) == 0)
			return known[i];
	}
	return NULL;
}

static void
read_benchmark(SvpBenchmark *benchmark, char *metric, SvpCalendar **calendar)
{
	static char *values[MAX_ITEMS];
	static int	nvalues;
	int			which = number();
	const char *only;

	*benchmark = (SvpBenchmark) {.name = "b",.metric = metric};
	*calendar = which < 0 ? NULL : calendars[which];
	benchmark->target = number();
	benchmark->target_days = number();
	benchmark->end_of_day = number();
	benchmark->at_risk = number();
	benchmark->start_on = number();
	benchmark->stop_on = number();
	benchmark->pause_on = number();
	benchmark->resume = number();
	only = priority();
	if (only != NULL)
	{
		char	  **value = &values[nvalues++ % MAX_ITEMS];

		*value = (char *) only;
		benchmark->when.nconditions = 1;
		benchmark->when.nvalues[SVP_PRIORITY] = 1;
		benchmark->when.values[SVP_PRIORITY] = value;
	}
	svp_benchmark_complete(benchmark);
}

static void
print_time(bool known, int64 at)
{
	if (known)
		printf(" %" PRId64, at);
	else
		printf(" -");
}

static void
print_clock(const SvpClock *clock, const SvpBenchmark *benchmarks)
{
	printf("%d %d %s", clock->cycle, (int) (clock->benchmark - benchmarks),
		   svp_clock_state_names[clock->state]);
	print_time(true, clock->started_at);
	print_time(true, clock->target);
	print_time(true, clock->elapsed);
	print_time(true, clock->paused);
	print_time(clock->state == SVP_CLOCK_RUNNING, clock->counted_from);
	print_time(clock->state == SVP_CLOCK_PAUSED, clock->paused_at);
	print_time(!SVP_CLOCK_IS_OPEN(clock), clock->stopped_at);
	print_time(clock->has_due, clock->due_at);
	print_time(clock->has_at_risk, clock->at_risk_at);
	printf("\n");
}

static void
read_case(void)
{
	char		metric[40];
	SvpBenchmark benchmarks[8];
	SvpCalendar *of[8];
	SvpEvent	events[MAX_ITEMS];
	SvpClock	clocks[MAX_ITEMS + 1];
	SvpPolicy	policy = {.benchmarks = benchmarks};
	SvpHistory	history = {.events = events};
	int			nclocks;

	snprintf(metric, sizeof(metric), "%s", word());
	history.opened_at = number();
	policy.nbenchmarks = number();
	history.nevents = number();
	for (int i = 0; i < policy.nbenchmarks; i++)
	{
		word();
		read_benchmark(&benchmarks[i], metric, &of[i]);
	}
	for (int i = 0; i < history.nevents; i++)
	{
		word();
		events[i] = (SvpEvent) {.kind = svp_word_index(svp_event_names, SVP_NEVENTS, word())};
		events[i].at = number();
		events[i].state = number();
		events[i].owned = number();
		events[i].scenario.value[SVP_PRIORITY] = priority();
	}
	printf("case\n");
	if (svp_clock_fold(&history, &policy, of, metric, NULL, NULL, clocks, &nclocks) != SVP_TIME_OK)
	{
		printf("error\n");
		return;
	}
	for (int i = 0; i < nclocks; i++)
		print_clock(&clocks[i], benchmarks);
}

int
main(void)
{
	read_cases(read_case);
	return 0;
}
