/* Exact numbers: what is one, to the last millionth. */
#include "number.h"
#include "tap.h"

static void
reads(const char *text, int64 expected)
{
	int64		value = -1;

	ok(svp_number_parse(text, &value), text);
	is_int64(value, expected, text);
}

static void
refuses(const char *text)
{
	int64		value;

	ok(!svp_number_parse(text, &value), text);
}

int
main(void)
{
	reads("0", 0);
	reads("12", 12 * SVP_MILLION);
	reads("-12.5", -12500000);
	reads("+0.000001", 1);
	reads("0.0000005", 1);
	reads("0.0000004999", 0);
	reads("-0.0000005", -1);
	reads(".5", 500000);
	reads("5.", 5000000);
	reads("9223372036854.775807", INT64_MAX);
	reads("0000000000000000000000000007", 7 * SVP_MILLION);
	refuses("9223372036854.775808");
	refuses("9223372036854.7758075");
	refuses("10000000000000");
	refuses("NaN");
	refuses("Infinity");
	refuses("");
	refuses("-");
	refuses(".");
	refuses("1e3");
	refuses("1.2.3");
	refuses(" 1");
	return done_testing();
}
