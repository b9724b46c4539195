/*-------------------------------------------------------------------------
 *
 * policy_section.h
 *		The sections of a policy document: what their parsers share.
 *
 * Internal to the parser of documents; see policy_document.h for what it
 * makes.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_POLICY_SECTION_H
#define SVP_POLICY_SECTION_H

#include "policy_document.h"

/* A list of words, and how many they are. */
#define SVP_KEYS(list) list, lengthof(list)

/* Low, high and range of svp_read_number. */
#define SVP_SHARE_UP_TO_ONE		1, SVP_MILLION, "above 0 and at most 1"
#define SVP_AMOUNT_ABOVE_ZERO	1, SVP_NUMBER_MAX, "above 0 and below a trillion"
#define SVP_AMOUNT_FROM_ZERO	0, SVP_NUMBER_MAX, "from 0 and below a trillion"

/* A hundred years of days, or of months. */
#define SVP_MAX_DAYS			36525
#define SVP_MAX_MONTHS			1200

/* Words that other sections may refer to, each once. */
typedef struct SvpKnown
{
	int			n;
	const char **words;
} SvpKnown;

/* A document while it is parsed. */
typedef struct SvpParse
{
	SvpPolicy  *policy;
	SvpCalendarCheck check;		/* NULL: calendars are not looked for */
	void	   *arg;
	SvpKnown	benchmarks;
	SvpKnown	metrics;
} SvpParse;

/* A list of entries.  begin hears how many there are; end comes after them. */
typedef struct SvpSection
{
	const char *key;
	const char *identity;		/* the key that no two entries share, or NULL */
	const char *const *keys;
	int			nkeys;
	void		(*parse_entry) (SvpParse *parse, const SvpNode *entry, int index);
	void		(*begin) (SvpParse *parse, int n);	/* or NULL */
	void		(*end) (SvpParse *parse);	/* or NULL */
} SvpSection;

extern const SvpSection svp_benchmark_section;
extern const SvpSection svp_refund_section;
extern const SvpSection svp_objective_section;
extern const SvpSection svp_promise_section;
extern const SvpSection svp_escalation_section;
extern const SvpSection svp_discretion_section;
extern const SvpSection svp_procedure_section;
extern const SvpSection svp_value_section;

extern void svp_parse_notifications(SvpParse *parse, const SvpNode *root);

extern char *svp_parse_required_name(const SvpNode *entry, const char *key);
extern void svp_parse_required_text(const SvpNode *entry, const char *key);
extern void svp_parse_optional_text(const SvpNode *entry, const char *key);
extern bool svp_parse_optional_number(const SvpNode *entry, const char *key,
									  int64 low, int64 high, const char *range,
									  int64 *millionths);
extern void svp_parse_optional_money(const SvpNode *entry, const char *key,
									 int64 low, int64 high, const char *range,
									 SvpMoney *money);
extern bool svp_parse_optional_bool(const SvpNode *entry, const char *key, bool *value);
extern bool svp_parse_optional_whole(const SvpNode *entry, const char *key,
									 int low, int high, int64 *whole);
extern void svp_parse_template(const SvpNode *node, SvpText *text,
							   bool (*exists) (const char *placeholder), const char *what);
extern char *svp_parse_calendar(SvpParse *parse, const SvpNode *entry);
extern char *svp_parse_time_fact(const SvpNode *node);
extern bool svp_parse_window(SvpParse *parse, const SvpNode *rule, const char *key,
							 char *rule_calendar, SvpWindow *result);
extern void svp_parse_when(const SvpNode *entry, SvpCondition *when);
extern void svp_parse_unused_when(const SvpNode *entry);
extern void svp_parse_reference(const SvpNode *node, const char *what, const SvpKnown *known);
extern void svp_parse_required_reference(const SvpNode *entry, const char *key,
										 const char *what, const SvpKnown *known);

#endif							/* SVP_POLICY_SECTION_H */
