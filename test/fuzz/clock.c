/*
 * Fuzzer of clocks: any bytes are a policy and a ticket's history, for which
 * the laws of clock_case.h hold.  See make fuzz.
 */
#include "core.h"

#include "clock_case.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *problem = check_case(data, size);

	if (problem != NULL)
	{
		fprintf(stderr, "%s\n", problem);
		abort();
	}
	return 0;
}
