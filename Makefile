# service_policy: build, install, demo and test.  See README.md.

EXTENSION = service_policy
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" service_policy.control)

MODULE_big = service_policy
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c))

# The install script is these parts, in this order.
SQL_PARTS = schema config
SQL_FILES = $(SQL_PARTS:%=sql/parts/%.sql)
DATA_built = service_policy--$(EXTVERSION).sql
EXTRA_CLEAN = service_policy--*.sql

PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS tracks no header dependencies.
$(OBJS): $(wildcard src/*.h)

service_policy--$(EXTVERSION).sql: $(SQL_FILES) service_policy.control
	{ echo '\echo Use "CREATE EXTENSION service_policy" to load this file. \quit'; cat $(SQL_FILES); } > $@
