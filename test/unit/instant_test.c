/* Instants: what is one, and which. */
#include "instant.h"
#include "tap.h"

/* 2026-03-01 10:00 UTC: 9556 days since 2000. */
#define TEN (INT64CONST(9556) * SVP_USEC_PER_DAY + 10 * SVP_USEC_PER_HOUR)

static void
reads(const char *text, int64 expected)
{
	int64		at = -1;

	ok(svp_instant_parse(text, &at), text);
	is_int64(at, expected, text);
}

static void
refuses(const char *text)
{
	int64		at;

	ok(!svp_instant_parse(text, &at), text);
}

static void
test_what_programs_write(void)
{
	reads("2026-03-01T10:00:00Z", TEN);
	reads("2026-03-01T10:00:00.000Z", TEN);
	reads("2026-03-01t10:00z", TEN);
	reads("2026-03-01 10:00:00+00", TEN);
	reads("2026-03-01 10:00:00 +0000", TEN);
	reads("2026-03-01T11:00:00+01:00", TEN);
	reads("2026-03-01T06:30:00-03:30", TEN);
	reads("2026-03-01T15:30:00+0530", TEN);
	reads("2026-03-01 10:19:32+00:19:32", TEN);
	reads("2026-03-01T10:00:00.5Z", TEN + 500000);
	reads("2026-03-01T10:00:00.123456Z", TEN + 123456);
	reads("2026-03-01T10:00:00.123456499Z", TEN + 123456);
	reads("2026-03-01T10:00:00.123456500Z", TEN + 123457);
	reads("2026-03-01T10:00:00.999999999Z", TEN + SVP_USEC_PER_SEC);
}

static void
test_edges(void)
{
	reads("2000-01-01T00:00:00Z", 0);
	reads("1999-12-31T23:59:59.999999Z", -1);
	reads("2000-01-01T24:00Z", SVP_USEC_PER_DAY);
	reads("1999-12-31T23:59:60Z", 0);
	reads("2000-02-29T00:00Z", 59 * SVP_USEC_PER_DAY);
	reads("2000-01-01T00:00+15:59", -(15 * SVP_USEC_PER_HOUR + 59 * SVP_USEC_PER_MINUTE));
	reads("0001-01-01T00:00Z", INT64CONST(-730119) * SVP_USEC_PER_DAY);
	reads("9999-12-31T23:59:59.999999Z", INT64CONST(2921940) * SVP_USEC_PER_DAY - 1);
}

static void
test_what_is_none(void)
{
	static const char *const texts[] = {
		"", "now", "infinity", "2026-03-01", "2026-03-01 10:00", "2026-03-01T10:00:00",
		"2026-02-29T10:00Z", "2026-04-31T10:00Z", "2026-13-01T10:00Z", "2026-00-01T10:00Z", "2026-01-00T10:00Z",
		"0000-01-01T00:00Z", "1900-02-29T00:00Z", "26-03-01T10:00Z", "2026-3-1T10:00Z", "01/03/2026 10:00+00",
		"2026-03-01T10:60Z", "2026-03-01T25:00Z", "2026-03-01T24:00:01Z", "2026-03-01T24:00:00.1Z", "2026-03-01T10:00:61Z",
		"2026-03-01T10Z", "2026-03-01T10:00:00.Z", "2026-03-01T10:00:00+16", "2026-03-01T10:00:00+01:60",
		"2026-03-01T10:00:00+", "2026-03-01T10:00:00+1", "2026-03-01T10:00:00+01:", "2026-03-01T10:00:00+01:00:00:00",
		"2026-03-01T10:00:00 UTC", "2026-03-01T10:00:00Z ", " 2026-03-01T10:00:00Z", "2026-03-01T10:00:00Zulu",
		"2026-03-01  10:00Z", "20260301T100000Z", "+2026-03-01T10:00Z", "-2026-03-01T10:00Z", "2026-03-01T-1:00Z"
	};

	for (size_t i = 0; i < lengthof(texts); i++)
		refuses(texts[i]);
}

int
main(void)
{
	test_what_programs_write();
	test_edges();
	test_what_is_none();
	return done_testing();
}
