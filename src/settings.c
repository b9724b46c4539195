/*-------------------------------------------------------------------------
 *
 * settings.c
 *		Settings under which mapped expressions are compiled and computed.
 *
 * A session may set what it likes, and many drivers do; what a row says of
 * its ticket must not depend on it.  The list has what changes the meaning of
 * an expression or the text of a value, and anyone may set.  The locale
 * categories are not on it, since a database may rightly have its own.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "settings.h"

typedef struct Setting
{
	const char *name;
	const char *value;
} Setting;

static const Setting settings[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"TimeZone", "UTC"},
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"xmlbinary", "base64"},
	{"xmloption", "content"},
	{"array_nulls", "on"},
	{"standard_conforming_strings", "on"},
	{"transform_null_equals", "off"},
	{"row_security", "on"}
};

/*
 * Setting one costs microseconds and comparing little, so those that are as
 * they should be are left alone.
 */
int
svp_settings_enter(void)
{
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
	{
		const char *value = GetConfigOption(settings[i].name, false, false);

		if (strcmp(value, settings[i].value) != 0)
			(void) set_config_option(settings[i].name, settings[i].value,
									 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
									 true, 0, false);
	}
	return level;
}

void
svp_settings_leave(int level)
{
	AtEOXact_GUC(false, level);
}
