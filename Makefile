# service_policy: build, install, demo and test.  See README.md.

EXTENSION = service_policy
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" service_policy.control)

MODULE_big = service_policy
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c))

# The install script is these parts, in this order.
SQL_PARTS = \
	schema \
	config \
	calendar \
	policy \
	policy_view \
	attachment_ddl \
	attachment \
	write_back \
	restate \
	escalation \
	suspension \
	action \
	worker \
	outbox \
	explain \
	refund \
	refund_exception \
	refund_explain \
	message \
	backfill \
	references \
	privileges
SQL_FILES = $(SQL_PARTS:%=sql/parts/%.sql)
ATTACHMENT_FILES = $(sort $(wildcard sql/attachment/*.sql))
DATA_built = service_policy--$(EXTVERSION).sql
EXTRA_CLEAN = service_policy--$(EXTVERSION).sql src/server.built sql/parts/attachment_ddl.sql tmp_check results regression.diffs regression.out

PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

# For `make installcheck` against a running server; `make test` brings its own.
REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)

SUITES = unit regress pgtap isolation tap apps

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifeq ($(wildcard $(PGXS)),)

all install installcheck clean:
	@test/requirements

else

# A server built with LLVM asks for bitcode too; without its clang there is none to give.
CLANG_WANTED := $(shell sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global)
ifeq ($(shell command -v $(or $(CLANG_WANTED),clang)),)
override with_llvm = no
endif

include $(PGXS)

# Calls of our own functions go straight to them, not by way of the table that lets another library take their place: that
# also keeps a like-named function of a server or of another extension from doing so.
ifneq ($(filter linux freebsd netbsd openbsd,$(PORTNAME)),)
SHLIB_LINK += -Wl,-Bsymbolic
# Nor are the server's called by way of it.
override CFLAGS += -fno-plt
endif

# PGXS tracks no header dependencies, nor of which server the headers were: objects of another one's are built anew.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h) src/server.built

.PHONY: server
src/server.built: server
	@$(PG_CONFIG) --version --includedir-server --configure | cmp -s - $@ || $(PG_CONFIG) --version --includedir-server --configure > $@

service_policy--$(EXTVERSION).sql: $(SQL_FILES) service_policy.control Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION service_policy" to load this file. \quit'; cat $(SQL_FILES); } > $@

sql/parts/attachment_ddl.sql: $(ATTACHMENT_FILES) $(wildcard sql/attachment) sql/embed.sh
	sql/embed.sh $(ATTACHMENT_FILES) > $@

endif

# A small company under a policy, in a throwaway server.
.PHONY: demo
demo:
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' demo/run

# test: every suite; or one of them, and of that only TESTS="name …".
.PHONY: test tmp_install $(SUITES)
test:
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' test/run $(SUITES)
$(SUITES):
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' TESTS='$(TESTS)' test/run $@
# Real applications, those whose packages are there.
.PHONY: test-apps
test-apps: apps
# Rewrite the output that the documentation shows: read the difference before it is committed.
.PHONY: docs-update
docs-update:
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' TESTS=020_docs SVP_DOCS_UPDATE=1 test/run tap >/dev/null || true
	cp -r results/pages/. .
tmp_install: all
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' test/tmp_install tmp_check/install

# What business time costs, against plain arithmetic and the usual SQL.
.PHONY: bench-calendar
bench-calendar:
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' test/bench/calendar

# What a policy costs a CRM's statements, against the bare table and PL/pgSQL triggers.
.PHONY: bench-ticket
bench-ticket:
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' test/bench/ticket/run

# What a policy costs an INSERT into a refund table, against the bare table.
.PHONY: bench-refund
bench-refund:
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' test/bench/refund/run

# What a tick costs, by what is due and what is open: CLOCKS=5000000 for so many.
.PHONY: bench-escalation
bench-escalation:
	@MAKE='$(MAKE)' PG_CONFIG='$(PG_CONFIG)' test/scratch $(CLOCKS:%=-v clocks=%) -f test/bench/escalation.sql

# The fuzzers of the pure cores, a minute each; for another time run test/fuzz/run SECONDS.
.PHONY: fuzz
fuzz:
	@test/fuzz/run
