/*-------------------------------------------------------------------------
 *
 * config.h
 *		The one way in which C reads the configuration tables.
 *
 * Each kind of configuration has a generation, which grows whenever a table
 * of that kind may have changed.  A cache entry is good while the generation
 * at which it was read is still the current one.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CONFIG_H
#define SVP_CONFIG_H

typedef enum SvpConfigKind
{
	SVP_CONFIG_CALENDAR,
	SVP_CONFIG_POLICY,
	SVP_CONFIG_ATTACHMENT,
	SVP_CONFIG_SUSPENSION
} SvpConfigKind;

#define SVP_NCONFIGS (SVP_CONFIG_SUSPENSION + 1)

/* Reads what it needs from SPI_tuptable and SPI_processed. */
typedef void (*SvpConfigConsumer) (void *arg);

/* Bumped by the invalidation callback; compare, never write. */
extern uint64 svp_config_generations[SVP_NCONFIGS];

#define svp_config_generation(kind) (svp_config_generations[kind])

extern void svp_config_init(void);
extern uint64 svp_config_read(SvpConfigKind kind, const char *query,
							  int nargs, Oid *argtypes, Datum *values,
							  SvpConfigConsumer consume, void *arg);

#endif							/* SVP_CONFIG_H */
