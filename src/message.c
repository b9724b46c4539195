/*-------------------------------------------------------------------------
 *
 * message.c
 *		What a row of a message table says.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"

#include "attempt.h"
#include "issue.h"
#include "key.h"
#include "message.h"
#include "trigger.h"

typedef enum Author
{
	AUTHOR_AGENT,
	AUTHOR_CUSTOMER,
	AUTHOR_SYSTEM
} Author;

static const char *const author_names[] = {"agent", "customer", "system"};

typedef struct Naming
{
	const SvpAttachment *attachment;
	char	  **parts;
	Datum	   *key;
	MemoryContext context;
} Naming;

static void
make_key(void *arg)
{
	Naming	   *naming = arg;
	MemoryContext inside = MemoryContextSwitchTo(naming->context);

	naming->key = svp_ticket_key_from_text(naming->attachment, naming->parts);
	MemoryContextSwitchTo(inside);
}

/*
 * Is the text any value of the type?  A subtransaction costs more than reading
 * a number.
 */
static bool
is_surely_value(Oid type, int32 typmod, const char *text)
{
	size_t		digits = strspn(text, "0123456789");

	if (type == TEXTOID || type == VARCHAROID)
		return typmod == -1 || strlen(text) <= typmod - VARHDRSZ;
	return digits > 0 && text[digits] == '\0' &&
		((type == INT8OID && digits <= 18) || (type == INT4OID && digits <= 9));
}

/*
 * Take a key from columns of its own types, as a reference to a number is.
 */
static bool
take_key(const SvpAttachment *attachment, const SvpFactValue *parts, Datum *key)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
	{
		if (parts[i].type != attachment->key_types[i] || attachment->key_typmods[i] != -1)
			return false;
		key[i] = parts[i].value;
	}
	return true;
}

/*
 * Read a key from its parts as text; else say why it is none.
 */
static Datum *
read_key(const SvpAttachment *attachment, const SvpFactValue *parts, const char **problem)
{
	int			nkey = attachment->ticket->nkey;
	Naming		naming = {attachment, palloc(sizeof(char *) * nkey), NULL, CurrentMemoryContext};
	bool		is_sure = true;
	Size		size = 0;
	ErrorData  *error;

	for (int i = 0; i < nkey; i++)
	{
		naming.parts[i] = pstrdup(parts[i].text);
		is_sure = is_sure && is_surely_value(attachment->key_types[i], attachment->key_typmods[i],
											 naming.parts[i]);
		size += strlen(naming.parts[i]);
	}
	if (size > SVP_LONGEST_KEY)
	{
		*problem = "it is too long";
		return NULL;
	}
	if (is_sure)
	{
		make_key(&naming);
		return naming.key;
	}
	error = svp_attempt(make_key, &naming);
	if (error != NULL)
		*problem = error->message;
	return error == NULL ? naming.key : NULL;
}

Datum *
svp_ticket_named(const SvpAttachment *attachment, const SvpMapping *mapping,
				 const SvpFacts *facts, const char **problem)
{
	int			nkey = attachment->ticket->nkey;
	int			first = svp_mapping_at(mapping, SVP_NAME_TICKET);
	Datum	   *key;

	*problem = NULL;
	if (first < 0)
		return NULL;
	for (int i = 0; i < nkey; i++)
	{
		if (first + i >= mapping->nfacts || !facts->values[first + i].set ||
			strcmp(mapping->facts[first + i].name, "ticket") != 0)
			return NULL;
	}
	key = palloc(sizeof(Datum) * nkey);
	if (take_key(attachment, &facts->values[first], key))
		return key;
	return read_key(attachment, &facts->values[first], problem);
}

static const SvpFactValue *
fact(const SvpMapping *mapping, const SvpFacts *facts, SvpFactName name)
{
	int			i = svp_mapping_at(mapping, name);

	return i < 0 ? NULL : &facts->values[i];
}

static void
complain(SvpReading *reading, const char *problem, const char *detail, const char *value)
{
	reading->problem = problem;
	reading->detail = detail;
	reading->value = value;
}

/*
 * Who wrote it?  False when neither a customer nor an agent did, or nobody can
 * say.
 */
static bool
read_author(const SvpMapping *mapping, const SvpFacts *facts, SvpReading *reading)
{
	const SvpFactValue *value = fact(mapping, facts, SVP_NAME_AUTHOR);
	int			author = AUTHOR_SYSTEM;

	if (value != NULL && value->set)
		author = svp_word_index(author_names, lengthof(author_names), value->text);
	if (author < 0)
		complain(reading, "unreadable_fact",
				 psprintf("The fact author of message %s is not agent, customer or system; the message does not count.",
						  reading->message.message),
				 value->text);
	reading->message.kind = author == AUTHOR_CUSTOMER ? SVP_EVENT_ASKED : SVP_EVENT_RESPONDED;
	return author == AUTHOR_CUSTOMER || author == AUTHOR_AGENT;
}

static bool
is_public(const SvpMapping *mapping, const SvpFacts *facts)
{
	const SvpFactValue *value = fact(mapping, facts, SVP_NAME_PUBLIC);

	return value == NULL || (value->set && value->number != 0);
}

static void
report_time(const SvpMapping *mapping, const SvpFacts *facts, SvpReading *reading)
{
	const SvpFactValue *value = fact(mapping, facts, SVP_NAME_SENT_AT);

	complain(reading, "unreadable_fact",
			 psprintf("The fact sent_at of message %s %s; the message does not count.",
					  reading->message.message,
					  value->problem != NULL ? value->problem : "is not set"),
			 value->text);
}

static void
read_time(const SvpMapping *mapping, const SvpFacts *facts, SvpReading *reading)
{
	const SvpFactValue *sent_at = fact(mapping, facts, SVP_NAME_SENT_AT);

	reading->has_place = sent_at != NULL && sent_at->set;
	if (reading->has_place)
		reading->message.sent_at = sent_at->number;
}

/*
 * Take what the facts say of the message, whose place is known.
 */
static void
read_message(const SvpMapping *mapping, const SvpFacts *facts, SvpReading *reading)
{
	if (!facts->included || !read_author(mapping, facts, reading) || !is_public(mapping, facts))
		return;
	reading->counts = reading->has_place;
	if (!reading->has_place)
		report_time(mapping, facts, reading);
}

void
svp_message_read(SvpAttachment *attachment, SvpRowReader *reader, HeapTuple tuple,
				 SvpReading *reading)
{
	const SvpMapping *mapping = attachment->message;
	const char *problem;
	SvpFacts	facts;

	memset(reading, 0, sizeof(*reading));
	svp_reader_read(reader, tuple, &facts);
	if (facts.key != NULL)
		reading->message.message = svp_reader_key_text(reader, facts.key);
	if (facts.key == NULL || strlen(reading->message.message) > SVP_LONGEST_KEY)
	{
		complain(reading, "key_missing", "its key is null or too long", NULL);
		return;
	}
	reading->message.recorded_at = GetCurrentTransactionStartTimestamp();
	reading->ticket = svp_ticket_named(attachment, mapping, &facts, &problem);
	reading->failed = facts.problem != NULL;
	read_time(mapping, &facts, reading);
	if (facts.problem != NULL)
		complain(reading, "expression_failed",
				 psprintf("A mapped expression failed for message %s, which counts as it did before.",
						  reading->message.message),
				 facts.problem);
	else if (problem != NULL)
		complain(reading, "unreadable_fact",
				 psprintf("the ticket of message %s is not one: %s", reading->message.message,
						  problem), NULL);
	else if (reading->ticket != NULL)
		read_message(mapping, &facts, reading);
}

void
svp_message_report(SvpAttachment *attachment, const SvpReading *reading)
{
	if (reading->problem == NULL)
		return;
	if (reading->ticket != NULL)
		svp_issue_append(attachment, reading->ticket, reading->problem, reading->detail,
						 reading->value);
	else
		svp_trigger_warn(attachment, "message", reading->value == NULL ? reading->detail :
						 psprintf("%s (%s)", reading->detail, reading->value));
}
