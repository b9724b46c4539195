/*
 * What holds of clocks for any policy and any history: see clock_case.h.
 */
#include "clock_case.h"
#include "tap.h"

/* Any policy and any history keep the laws. */
static void
test_laws(void)
{
	uint64_t	state = 7;
	const char *problem = NULL;
	int			i;

	for (i = 0; i < 60000 && problem == NULL; i++)
	{
		uint8_t		data[200];

		for (int k = 0; k < lengthof(data); k++)
		{
			state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			data[k] = (uint8_t) (state >> 56);
		}
		problem = check_case(data, sizeof(data));
	}
	if (!ok(problem == NULL, "60,000 random policies and histories: what is continued is what is folded"))
		printf("# case %d: %s\n", i - 1, problem);
	printf("# %d of %d steps asked for the history\n", histories_asked, steps_taken);
	ok(histories_asked * 4 < steps_taken, "most steps need no history");
}

int
main(void)
{
	test_laws();
	return done_testing();
}
