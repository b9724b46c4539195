/*
 * Fuzzer of business time: any bytes are a calendar and questions about it,
 * whose answers must be those of the slow implementation.  See make fuzz.
 */
#include "core.h"

#include "business_time_slow.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *differs = compare_case(data, size);

	if (differs != NULL)
	{
		fprintf(stderr, "%s\n", differs);
		abort();
	}
	return 0;
}
