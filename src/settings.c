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

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/rls.h"
#include "utils/xml.h"

#include "settings.h"

#define SEARCH_PATH "pg_catalog, pg_temp"
#define TIME_ZONE "UTC"

static void
ensure(bool is_so, const char *name, const char *value)
{
	if (!is_so)
		(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
}

/*
 * Setting one costs microseconds, and asking for one by its name half of one;
 * so those that are as they should be are left alone.
 */
int
svp_settings_enter(void)
{
	int			level = NewGUCNestLevel();

	ensure(strcmp(namespace_search_path, SEARCH_PATH) == 0, "search_path", SEARCH_PATH);
	ensure(strcmp(pg_get_timezone_name(session_timezone), TIME_ZONE) == 0, "TimeZone", TIME_ZONE);
	ensure(DateStyle == USE_ISO_DATES && DateOrder == DATEORDER_MDY, "DateStyle", "ISO, MDY");
	ensure(IntervalStyle == INTSTYLE_POSTGRES, "IntervalStyle", "postgres");
	ensure(extra_float_digits == 1, "extra_float_digits", "1");
	ensure(bytea_output == BYTEA_OUTPUT_HEX, "bytea_output", "hex");
	ensure(xmlbinary == XMLBINARY_BASE64, "xmlbinary", "base64");
	ensure(xmloption == XMLOPTION_CONTENT, "xmloption", "content");
	ensure(Array_nulls, "array_nulls", "on");
	ensure(standard_conforming_strings, "standard_conforming_strings", "on");
	ensure(!Transform_null_equals, "transform_null_equals", "off");
	ensure(row_security, "row_security", "on");
	return level;
}

void
svp_settings_leave(int level)
{
	AtEOXact_GUC(false, level);
}
