# pgo - goroutines for C, and the tools that look inside them.
#
#   make            build everything          make check    the tests
#   make help       every target              make V=1      show the commands
#   make deps       what all this needs (apt) make MODE=debug, asan, tsan, cov
#
# One Makefile, no recursion: every object knows every header it needs.
# Put local settings (CC, CFLAGS, PREFIX) in config.mk; git ignores it.

VERSION := 0.1
PREFIX  ?= /usr/local
MODE    ?= release
ifeq ($(origin CC),default)
CC      := gcc
endif
-include config.mk

# Modes ----------------------------------------------------------------------
# Each mode builds in its own folder, so switching never rebuilds the other.

B           := build$(if $(filter-out release,$(MODE)),/$(MODE))
OPT.release := -O2
OPT.debug   := -O1 -DPGO_DEBUG=1
OPT.asan    := -O1 -DPGO_DEBUG=1 -fsanitize=address,undefined -fno-sanitize-recover=all
OPT.tsan    := -O1 -DPGO_DEBUG=1 -fsanitize=thread
OPT.cov     := -O0 -DPGO_DEBUG=1 --coverage
OPT.fuzz    := -O1 -DPGO_DEBUG=1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

WARN  := -Wall -Wextra -Wshadow -Wvla -Wundef -Wpointer-arith -Wwrite-strings \
         -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
         -Wformat=2 -Wimplicit-fallthrough
ifdef WERROR
WARN  += -Werror
endif
CSTD  := -std=gnu11 -D_GNU_SOURCE -fvisibility=hidden -fno-omit-frame-pointer \
         -fPIC -g -DPGO_VERSION='"$(VERSION)"' \
         -DPGO_VERSION_TAG=$(subst .,_,$(VERSION))
# Frame sizes and call graph beside every object, for tidy-stack.
CSTD  += $(if $(findstring clang,$(CC)),,-fcallgraph-info=su)
ALL_CFLAGS = $(CSTD) $(WARN) $(OPT.$(MODE)) -Iinclude -I. -MMD -MP $(CFLAGS)

# Parts ----------------------------------------------------------------------
# A part is a folder, and a folder that appears is built.  Lower parts never
# include higher ones; make tidy checks.

srcs  = $(wildcard $(1)/*.c) $(wildcard $(1)/*.S)
objs  = $(patsubst %,$(B)/obj/%.o,$(basename $(call srcs,$(1))))

BASE   := $(call objs,lib/base)
WIRE   := $(call objs,lib/wire)
SNAP   := $(call objs,lib/snapshot)
SAMPLE := $(call objs,lib/sample)
SERVE  := $(call objs,lib/serve)
HTTPD  := $(call objs,lib/httpd)
TARGET := $(call objs,lib/target) $(call objs,lib/target/go) \
          $(call objs,lib/target/pgo)
RT     := $(call objs,runtime) $(call objs,runtime/amd64) \
          $(call objs,runtime/malloc) $(call objs,runtime/net)
CCDRV  := $(call objs,runtime/cc)
AGENT  := $(call objs,agent)
SYM    := $(call objs,symbolizer)
SYMCMD := $(call objs,symbolizer/cmd)
TOP    := $(call objs,pgo-top)
TRACE  := $(call objs,pgo-trace)

OBJS   := $(BASE) $(WIRE) $(SNAP) $(SAMPLE) $(SERVE) $(HTTPD) $(TARGET) $(RT) \
          $(CCDRV) $(AGENT) $(SYM) $(SYMCMD) $(TOP) $(TRACE)

# What reads what is hostile, and no more, for a fuzzer to be built into.
ifeq ($(MODE),fuzz)
OBJS   := $(BASE) $(WIRE) $(SNAP) $(TARGET) $(SYM)
endif

# What exists so far; the rules below know the rest.
PGOLIB   := $(B)/lib/libpgo.a
DRIVER   := $(B)/bin/pgo-cc
PGOCC    := $(if $(CCDRV),$(DRIVER) $(B)/bin/pgo-c++ $(B)/lib/pgo/ld $(PGOLIB) \
            $(B)/lib/libpgo-static.a $(B)/lib/libpgo-san.a \
            $(B)/lib/libpgo-malloc.a $(B)/lib/libpgo-malloc.so \
            $(B)/lib/pgo/wrap.rsp $(B)/lib/pgo/gcc_eh.a \
            $(B)/lib/pgo/pgo-plugin.o $(B)/lib/pgo/pgo-plugin_unsplit.o \
            $(B)/lib/pgo.pc)
AGENTLIB := $(if $(AGENT),$(B)/lib/libpgo-agent.so)
TOOLS    := $(if $(SYMCMD),$(B)/bin/pgo-sym) $(if $(TOP),$(B)/bin/pgo-top) \
            $(if $(TRACE),$(B)/bin/pgo-trace)
EXAMPLES := $(if $(PGOCC),$(patsubst %.c,$(B)/%,$(wildcard examples/*.c)))

all: $(OBJS) $(PGOCC) $(AGENTLIB) $(TOOLS) $(EXAMPLES) ## all of it (the default)

# Stack growth, and the way out of C, find vector registers in use.  Every call
# keeps its frame: stacks are what this project is about.
$(RT): ALL_CFLAGS += -mgeneral-regs-only -fno-optimize-sibling-calls

# But for malloc's: the fast ways are some twenty instructions each; malloc.c
# says what comes of it.
FAMILY := $(B)/obj/runtime/malloc/libc/family.o
$(B)/obj/runtime/malloc/malloc.o $(FAMILY): ALL_CFLAGS += -mgeneral-regs-only \
    -fomit-frame-pointer -foptimize-sibling-calls

# The flags of the last build: other flags, other objects.
FLAGS := $(B)/obj/flags
$(FLAGS): FORCE
	@mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CFLAGS))' \
	    >$@.new && if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(B)/obj/%.o: %.c $(FLAGS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/obj/%.o: %.S $(FLAGS)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

# pgo-cc and libpgo.a ---------------------------------------------------------
# The driver, the thunks it links with, and the library as one object: hidden
# names become local, and what the runtime itself calls of libc bypasses the
# thunks (X becomes __real_X).  All its code is in one section, pgo_text, by
# which dumps know the runtime's own frames.

MKTHUNKS := $(B)/obj/pgo-mkthunks
CCMAINS  := $(filter %/main.o %/mkthunks.o,$(CCDRV))
CCLIB    := $(filter-out $(CCMAINS),$(CCDRV))
# Members that pgo-cc pulls in by their symbols.
OPTIONAL := $(filter %/stack_foreign.o %/stack_cxx.o %/stack_contiguous.o \
            %/stack_unsplit.o,$(RT))
# libpgo.a needs libc only: what needs zlib or a network is for tools and the
# agent.
# Objects that it links into shared libraries.
PLUGIN   := $(filter %/plugin.o %/plugin_unsplit.o,$(RT))
NOTPGO   := $(OPTIONAL) $(PLUGIN) $(addprefix $(B)/obj/lib/wire/,gzip.o pprof_read.o \
            pprof_heap.o http.o http_url.o http_conn.o)
PGOOBJS  := $(filter-out $(NOTPGO),$(BASE) $(WIRE) $(SAMPLE) $(RT))

pgo-cc: $(PGOCC)                        ## the compiler driver and libpgo.a
.PHONY: pgo-cc

$(MKTHUNKS): $(CCLIB) $(B)/obj/runtime/cc/mkthunks.o
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(OPT.$(MODE)) -o $@ $^ -lelf -ldw

$(B)/bin/pgo-cc: $(CCLIB) $(B)/obj/runtime/cc/main.o
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(OPT.$(MODE)) -o $@ $^ -lelf -ldw

$(B)/bin/pgo-c++: $(B)/bin/pgo-cc
	$(Q)ln -sfn pgo-cc $@

$(B)/lib/pgo/ld: $(B)/bin/pgo-cc
	$(Q)mkdir -p $(@D) && ln -sfn ../../bin/pgo-cc $@

# Prototypes with and without _FORTIFY_SOURCE: its headers declare *_chk.
$(B)/obj/protos.%.txt: runtime/cc/protos.h
	$(Q)mkdir -p $(@D) && $(CC) -std=gnu11 -D_GNU_SOURCE -O2 -w \
		-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$* \
		-x c -fsyntax-only -aux-info $@ $<

# A program that a sanitizer watches has the runtime that users have, which is
# not instrumented.
SANITIZED := $(filter asan tsan,$(MODE))
ifneq ($(SANITIZED),)
$(PGOLIB) $(B)/lib/libpgo-static.a $(B)/lib/libpgo-san.a \
$(B)/lib/pgo/libpgo-thunks.a $(B)/lib/pgo/wrap.rsp $(B)/lib/pgo/gcc_eh.a \
$(B)/lib/pgo/pgo-plugin.o $(B)/lib/pgo/pgo-plugin_unsplit.o \
$(B)/obj/thunks.txt: $(B)/%: build/%
	$(Q)mkdir -p $(@D) && cp $< $@
$(PGOLIB): | $(B)/lib/pgo/libpgo-thunks.a $(B)/obj/thunks.txt \
		$(B)/obj/protos.0.txt $(B)/obj/protos.2.txt
else
$(B)/lib/pgo/libpgo-thunks.a: $(MKTHUNKS) $(B)/obj/protos.0.txt \
		$(B)/obj/protos.2.txt
	$(call say,THUNK,$@)
	$(Q)mkdir -p $(@D) && $(MKTHUNKS) $@ $(B)/obj/libpgo-thunks-static.a \
		$(@D)/wrap.rsp $(B)/obj/thunks.txt \
		$(shell $(CC) -print-file-name=libc.so.6) \
		$(shell $(CC) -print-file-name=libm.so.6) -- \
		$(filter %.txt,$^)

$(B)/lib/pgo/wrap.rsp $(B)/obj/libpgo-thunks-static.a: \
		$(B)/lib/pgo/libpgo-thunks.a ;

# For objcopy: the X that file $(1) calls and that are wrapped, as __real_X.
past_thunks = nm -u $(1) 2>/dev/null | awk 'FNR == NR { wrap[substr($$0, 8)]; next } \
		$$2 in wrap { print $$2, "__real_" $$2 }' \
		$(B)/lib/pgo/wrap.rsp -

# What -static-libgcc links.
$(B)/lib/pgo/gcc_eh.a: $(B)/lib/pgo/wrap.rsp
	$(Q)cp $$($(CC) -print-file-name=libgcc_eh.a) $@.new && \
		$(call past_thunks,$@.new) | sort -u > $(B)/obj/gcc_eh.syms && \
		objcopy --redefine-syms=$(B)/obj/gcc_eh.syms $@.new && mv $@.new $@

$(B)/lib/pgo/pgo-%.o: $(B)/obj/runtime/%.o
	$(Q)mkdir -p $(@D) && cp $< $@

# A shared library reaches the program's __morestack by its __wrap_ name, and
# what sets signal handlers by libc's; see runtime/sigaction.c.
HANDLERS := sigaction signal bsd_signal ssignal sysv_signal __sysv_signal \
            sigset siginterrupt sigaltstack
$(B)/obj/libpgo-all.o: $(PGOOBJS)
	$(call say,LD,$@)
	$(Q)ld -r --defsym=__wrap___morestack_non_split=__morestack_non_split \
		--defsym=__wrap___morestack_large_model=__morestack_large_model \
		--defsym=__wrap___morestack_allocate_stack_space=__morestack_allocate_stack_space \
		$(foreach s,$(HANDLERS),--defsym=$s=__wrap_$s) \
		-z noexecstack -o $@ $(PGOOBJS)

libpgo_o = objcopy --localize-hidden --redefine-syms=$@.syms \
		$(foreach s,.text .text.unlikely .text.startup .text.exit,\
		    --rename-section $s=pgo_text) $< $@

$(B)/obj/libpgo.o: $(B)/obj/libpgo-all.o $(B)/lib/pgo/wrap.rsp
	$(call say,OBJ,$@)
	$(Q)$(call past_thunks,$<) > $@.syms
	$(Q)$(libpgo_o)

# For static links, which do without --wrap: X is X there.  libc.a has a dlopen()
# that it needs itself, but none that loads the agent.
$(B)/obj/libpgo-static.o: $(B)/obj/libpgo-all.o
	$(call say,OBJ,$@)
	$(Q)nm -u $< | awk '$$2 == "dlopen" { print $$2, "pgo_no_dlopen" } \
		sub(/^__real_/, "", $$2) { print "__real_" $$2, $$2 }' > $@.syms
	$(Q)$(libpgo_o) $(addprefix --localize-symbol=,$(HANDLERS))

# For sanitizers: --wrap would reach their runtimes too, so X is X, a thunk stays
# on the goroutine's stack, and malloc says which memory changes hands.
$(B)/obj/libpgo-san.o: $(B)/obj/libpgo-all.o
	$(call say,OBJ,$@)
	$(Q)nm -u $< | awk 'sub(/^__real_/, "", $$2) { print "__real_" $$2, $$2 } \
		END { for (n = split("regs stack any", kind); n; n--) { \
		print "pgo_thunk_" kind[n], "pgo_away_" kind[n]; \
		print "pgo_here_" kind[n], "pgo_thunk_" kind[n] } \
		for (n = split("malloc free", call); n; n--) { \
		print "pgo_" call[n], "pgo_fast_" call[n]; \
		print "pgo_watched_" call[n], "pgo_" call[n] } }' > $@.syms
	$(Q)$(libpgo_o) $(addprefix --localize-symbol=,$(HANDLERS))

$(PGOLIB): $(B)/lib/pgo/libpgo-thunks.a $(B)/obj/libpgo.o $(OPTIONAL)
$(B)/lib/libpgo-static.a: $(B)/obj/libpgo-thunks-static.a \
		$(B)/obj/libpgo-static.o $(OPTIONAL)
$(B)/lib/libpgo-san.a: $(B)/obj/libpgo-thunks-static.a \
		$(B)/obj/libpgo-san.o $(OPTIONAL)
$(PGOLIB) $(B)/lib/libpgo-static.a $(B)/lib/libpgo-san.a:
	$(call say,AR,$@)
	$(Q)cp $< $@.new && ar rD $@.new $(filter %.o,$^) 2>/dev/null && \
		mv $@.new $@
endif

pgo_pc = sed -e 's|@LIBDIR@|$(strip $(1))|' -e 's|@INCLUDEDIR@|$(2)|' \
	    -e 's|@VERSION@|$(VERSION)|' share/pgo.pc.in
$(B)/lib/pgo.pc: share/pgo.pc.in Makefile
	$(Q)mkdir -p $(@D) && $(call pgo_pc,$${pcfiledir},$(CURDIR)/include) >$@

# libpgo-malloc: libc's names for the allocator.  The shared one, for programs of
# any kind, has the allocator itself, made without goroutines.

ALONE := $(patsubst %.c,$(B)/obj/alone/%.o,$(wildcard runtime/malloc/*.c \
         runtime/malloc/libc/*.c) runtime/lock.c runtime/barrier.c \
         runtime/forked.c lib/sample/poisson.c)
$(B)/obj/alone/%.o: %.c $(FLAGS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -fno-builtin \
	    -fomit-frame-pointer -mgeneral-regs-only -DPGO_MALLOC_ALONE=1 -c -o $@ $<

$(B)/lib/libpgo-malloc.so: $(ALONE)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -o $@ $^ \
	    -Wl,-z,now,-z,defs,-Bsymbolic -pthread
$(B)/lib/libpgo-malloc.a: $(FAMILY)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcD $@ $^

# Tools and the agent --------------------------------------------------------
# Everything but the mains (main.c of each program) is also in one archive of
# our own, from which tools and unit tests take what they need and no more.

PARTS := $(B)/obj/parts.a
$(PARTS): $(filter-out %/main.o %/mkthunks.o,$(OBJS))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

TOOL_LIBS := -Wl,--as-needed -ldw -lelf -lunwind-x86_64 -lunwind -lncursesw \
             -ltinfo -lcurl -lmicrohttpd -ljansson -lseccomp -lstdc++ -lz \
             -lzstd -llzma -lm

$(B)/bin/pgo-sym:   $(SYMCMD) $(PARTS)
$(B)/bin/pgo-top:   $(TOP) $(PARTS)
$(B)/bin/pgo-trace: $(TRACE) $(PARTS)
$(TOOLS):
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

$(AGENTLIB): $(AGENT) $(PARTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -o $@ $^ \
	    -Wl,--exclude-libs,ALL -Wl,--as-needed -lmicrohttpd -lz -lm -pthread

# The tools without shared libraries, for images that have none.  Debian has no
# static GnuTLS: what libmicrohttpd and libdw would call of it, or load, is one
# function that does nothing.  Neither TLS nor a debuginfod is asked for.

STATIC_TOOLS := $(patsubst $(B)/bin/%,$(B)/static/bin/%,$(TOOLS))
static: $(STATIC_TOOLS)                 ## the tools without shared libraries

$(B)/static/absent.s: Makefile
	$(Q)mkdir -p $(@D) && { echo .text; \
	    { nm -u $(shell $(CC) -print-file-name=libmicrohttpd.a) | \
	        grep -ow 'gnutls_.*'; echo dlopen; echo dlsym; } | sort -u | \
	        sed 's/.*/.globl &\n&:/'; \
	    printf 'xor %%eax,%%eax\nret\n.section .note.GNU-stack\n'; } >$@

$(B)/static/bin/pgo-sym:   $(SYMCMD) $(B)/static/absent.s $(PARTS)
$(B)/static/bin/pgo-top:   $(TOP) $(B)/static/absent.s $(PARTS)
$(B)/static/bin/pgo-trace: $(TRACE) $(B)/static/absent.s $(PARTS)
# ld warns of getaddrinfo(3): names are looked up by files and DNS alone.
$(STATIC_TOOLS):
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -static \
	    -Wl,--no-warnings -o $@ $^ $(TOOL_LIBS) -lbz2

# Programs in pgo's own C ----------------------------------------------------
# Examples, and the tests that run on goroutines, are built as a user would.

PGO_CFLAGS = $(filter-out -std=%,$(WARN)) -O2 -g -Iinclude -I. $(CFLAGS) \
             $(if $(SANITIZED),$(filter -fsanitize% -fno-san%,$(OPT.$(MODE))))
$(B)/examples/% $(B)/test/unit/pgo/% $(B)/test/stress/% $(B)/test/bench/% \
$(B)/test/e2e/progs/%: PGO_LIBS = $(if $(findstring /test/unit/,$@),-lcmocka -lunwind)

LIBS.sqlite := -lsqlite3
LIBS.zlib   := -lz
LIBS.curl   := -lcurl

# What it calls of libc must be called.
$(B)/test/e2e/progs/tick: private CFLAGS += -fno-builtin

define pgo_program
$(call say,PGOCC,$<)
$(Q)mkdir -p $(@D) && $(DRIVER) $(PGO_CFLAGS) -MMD -MP -MF $@.d -MT $@ \
    -o $@ $< $(LDFLAGS) $(PGO_LIBS)
endef
$(B)/examples/%: examples/%.c $(PGOCC)
	$(pgo_program)
$(B)/test/unit/pgo/%: test/unit/pgo/%.c $(PGOCC)
	$(pgo_program)
# The hammer knows every kind of frame that the matrix does.
HAMMER := $(wildcard test/stress/*.c) \
          $(filter-out %/run.c,$(wildcard test/matrix/*.c))
$(B)/test/stress/hammer: $(HAMMER) $(PGOCC) test/matrix/kinds.h \
		$(wildcard test/stress/*.h)
	$(call say,PGOCC,$@)
	$(Q)mkdir -p $(@D) && $(DRIVER) $(PGO_CFLAGS) -o $@ $(HAMMER) \
	    $(LDFLAGS) -lm
$(B)/test/real/%: PGO_LIBS = $(LIBS.$*)
$(B)/test/real/%: test/real/%.c $(PGOCC)
	$(pgo_program)
$(B)/test/bench/%: test/bench/%.c $(PGOCC)
	$(pgo_program)
$(B)/test/e2e/progs/%: test/e2e/progs/%.c $(PGOCC)
	$(pgo_program)

# Tests ----------------------------------------------------------------------
#   test/unit/X.c        cmocka, one program per module; plain C on $(PARTS),
#                        so it can reach private functions
#   test/unit/pgo/X.c    the same in pgo's C, on libpgo.a
#   test/stress          the hammer, as long as PGO_STRESS_SECONDS says
#   test/matrix/X.c      frames of every kind, for the matrix and the hammer
#   test/real/X.c        a library in a thousand goroutines; pytest starts them
#   test/e2e, interop    pytest; the programs they start are e2e/progs/X.c
#   test/tools/X.c       shows pytest what only C sees; plain C on $(PARTS)
#   test/bench/X.c       prints figures, judges nothing
#   test/fuzz/X.c        LLVMFuzzerTestOneInput(): with a fuzzer in make fuzz,
#                        with its corpus, fuzz/corpus/X, as a unit test

progs   = $(patsubst %.c,$(B)/%,$(wildcard $(1)/*.c))
FUZZ   := $(filter-out %/replay,$(call progs,test/fuzz))
UNIT   := $(call progs,test/unit) $(FUZZ)
UNITPGO := $(if $(PGOCC),$(call progs,test/unit/pgo))
STRESS := $(if $(PGOCC),$(B)/test/stress/hammer)
PROGS  := $(if $(PGOCC),$(call progs,test/e2e/progs))
BENCH  := $(if $(PGOCC),$(call progs,test/bench))
REAL   := $(if $(PGOCC),$(call progs,test/real))
# What pytest starts.
STARTED := $(PROGS) $(BENCH) $(REAL) $(call progs,test/tools)

$(B)/test/unit/%: $(B)/obj/test/unit/%.o $(PARTS)
	$(test_program)
$(B)/test/tools/%: $(B)/obj/test/tools/%.o $(PARTS)
	$(test_program)
$(FUZZ): $(B)/test/fuzz/%: $(B)/obj/test/fuzz/%.o $(PARTS) \
		$(if $(filter fuzz,$(MODE)),,$(B)/obj/test/fuzz/replay.o)
	$(test_program) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer)
define test_program
$(call say,LINK,$@)
$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ \
    $(TOOL_LIBS) -lcmocka -pthread
endef

# The python that has pytest and pyte: the one on PATH may be another than Debian's.
PYTHON ?= $(shell for p in python3 /usr/bin/python3; do \
    $$p -c 'import pytest, pyte' 2>/dev/null && echo $$p && break; done)
PY     = $(or $(PYTHON),python3)
PYTEST = BUILD=$(abspath $(B)) timeout $(1) $(PY) -m pytest -q -c test/pytest.ini \
         $(2) test
RUN    = PGO_STRESS_SECONDS=$(1) $(PY) test/run.py -t $(2) $(4) -- $(3)

COUNTS := $(B)/test/counts
export PGO_TEST_COUNTS = $(if $(PGO_TEST_MODE),$(abspath $(COUNTS)))

check: all $(UNIT) $(UNITPGO) $(STRESS) $(STARTED) ## the tests, some six minutes
	$(Q)rc=0; $(call RUN,3,60,$(UNIT) $(UNITPGO) $(STRESS)) || rc=1; \
	$(call PYTEST,1200,-m 'not long') || rc=1; exit $$rc
check-fast: all $(UNIT) $(UNITPGO) $(STARTED) ## the quick ones, at most 20 seconds
	$(Q)rc=0; $(call RUN,1,10,$(UNIT) $(UNITPGO)) || rc=1; \
	$(call PYTEST,60,-m fast) || rc=1; exit $$rc
check-attach: all $(UNIT) $(STARTED)    ## what of them reads Go programs from outside
	$(Q)rc=0; $(call RUN,1,60,$(UNIT)) || rc=1; \
	$(call PYTEST,600,-m 'attach and not long') || rc=1; exit $$rc
check-static: all static                ## the tools of make static, in an empty root
	$(Q)$(call PYTEST,600,-m static)
check-inject: all $(STARTED)            ## the Nth mmap, clone, futex, timer_create fails, N to 200
	$(Q)$(call PYTEST,3600,-m inject)
check-unit: $(UNIT)                     ## only the units in plain C
	$(Q)$(call RUN,1,120,$(UNIT))
check-debug check-cov: check-%:         ## these units in another mode
	$(Q)$(MAKE) --no-print-directory MODE=$* check-unit
# What tools leave to the end of the process is no leak; what units do is.  A
# crash is told by the runtime.
CRASHES_OURS := handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0
check-asan check-tsan: check-%:         ## all of check with a sanitizer, and how much of it ran
	$(Q)$(MAKE) --no-print-directory MODE=release all
	$(Q)PGO_TEST_MODE=$* TSAN_OPTIONS=$(CRASHES_OURS):atexit_sleep_ms=0:suppressions=$(CURDIR)/test/tsan.supp \
	    ASAN_OPTIONS=detect_leaks=0:$(CRASHES_OURS) \
	    $(MAKE) --no-print-directory MODE=$* check-sanitized
check-sanitized: all $(UNIT) $(UNITPGO) $(STRESS) $(STARTED)
	$(Q)rm -f $(COUNTS); rc=0; \
	ASAN_OPTIONS= $(call RUN,3,300,$(UNIT) $(UNITPGO)) || rc=1; \
	PGODEBUG=stackmin=4000000 $(call RUN,3,300,$(STRESS)) || rc=1; \
	export PGO_BUILD=$(abspath $(B)); \
	$(call PYTEST,3600,-m 'not long') || rc=1; \
	$(PY) test/modes.py $(COUNTS) || rc=1; exit $$rc
# Under valgrind, what it finds is a failure.  Its malloc() takes libc's place,
# not that of pgo's.
UNDER  = valgrind -q --error-exitcode=99 --fair-sched=yes \
         --soname-synonyms=somalloc=nouserintercepts --max-threads=2000 \
         --suppressions=$(CURDIR)/test/valgrind.supp
check-valgrind: export PGO_TEST_MODE := valgrind
check-valgrind: export PGO_TEST_UNDER := $(UNDER)
check-valgrind: all $(UNIT) $(UNITPGO) $(STRESS) $(STARTED) ## all of check under valgrind, and how much of it ran
	$(Q)rm -f $(COUNTS); rc=0; \
	$(call RUN,1,300,$(UNIT) $(UNITPGO) $(STRESS),-u '$(UNDER)') || rc=1; \
	PGO_TEST_PART=2/2 $(call PYTEST,7200,-m 'not long') >$(B)/half.log 2>&1 & \
	PGO_TEST_PART=1/2 $(call PYTEST,7200,-m 'not long') || rc=1; \
	wait $$! || rc=1; cat $(B)/half.log; \
	$(PY) test/modes.py $(COUNTS) || rc=1; exit $$rc
check-matrix: all                       ## every row of what programs are compiled with
	$(Q)$(call PYTEST,3600,-m matrix)
check-stress: $(STRESS)                 ## ten minutes of 10,000 goroutines that do everything
	$(Q)$(PY) test/stress/soak.py $(STRESS)
check-soak: export PGO_STRESS_SECONDS ?= 600
check-soak: export HAMMER_TALKS := 40
check-soak: $(STRESS)                   ## ten minutes of one process: network, timers, channels, memory
	$(Q)GOMAXPROCS=8 $(STRESS)
check-long: all static $(UNIT) $(UNITPGO) $(STRESS) $(STARTED) ## matrices, long hammers
	$(Q)rc=0; $(call RUN,60,300,$(UNIT) $(UNITPGO) $(STRESS)) || rc=1; \
	$(call PYTEST,7200,) || rc=1; exit $$rc
check-all: check-debug check-asan check-tsan check-long ## everything, all modes

bench: all $(BENCH) $(B)/test/tools/echo_peer ## figures, a line each; operations beside Go's and others'
	$(Q)for b in $(filter-out %/ops %/echo,$(BENCH)); do echo "== $$b"; \
	    timeout 600 $$b || exit 1; done
	$(Q)timeout 1800 $(PY) test/bench/compare.py $(B)
	$(Q)timeout 900 $(PY) test/bench/echo.py $(B)
bench-malloc: all $(B)/test/tools/malloc_cost ## pgo's malloc beside others
	$(Q)timeout 1800 $(PY) test/bench/malloc.py $(B)
bench-ir: $(B)/test/bench/ops           ## instructions an operation takes, against the baseline
	$(Q)timeout 900 $(PY) test/bench/ir.py $(B) --check

# Made-up input for each target, PGO_FUZZ_SECONDS long.  What it learns stays in
# build/fuzz/learned; what breaks a target is put into build/fuzz.
fuzz:                                   ## readers of hostile input, by clang's fuzzer
	$(Q)command -v clang >/dev/null || { echo 'fuzz: no clang (make deps-all)'; exit 1; }
	$(Q)$(MAKE) --no-print-directory CC=clang MODE=fuzz fuzz-run
fuzz-run: $(FUZZ)
	$(Q)for f in $(FUZZ); do n=$${f##*/}; echo "== $$n"; \
	    mkdir -p $(B)/learned/$$n; \
	    $$f -max_total_time=$${PGO_FUZZ_SECONDS:-60} -timeout=5 -rss_limit_mb=512 \
	        -print_final_stats=1 -verbosity=0 -artifact_prefix=$(B)/$$n- \
	        $(B)/learned/$$n test/fuzz/corpus/$$n || exit 1; done

bench-attach: all $(B)/test/tools/attach_cost ## what looking into Go processes costs
	$(Q)timeout 1800 $(PY) test/bench/attach.py $(B)

demo: all                               ## ten seconds of everything
	$(Q)B=$(B) bash examples/demo.sh

# Upkeep ---------------------------------------------------------------------

HEADERS := $(wildcard lib/*/*.h lib/*/*/*.h runtime/*.h runtime/*/*.h agent/*.h \
             symbolizer/*.h symbolizer/cmd/*.h pgo-top/*.h pgo-trace/*.h)
SOURCES := $(wildcard include/pgo/*.h lib/*/*.[chS] lib/*/*/*.[chS] runtime/*.[chS] \
             runtime/*/*.[chS] agent/*.[ch] symbolizer/*.[ch] \
             symbolizer/cmd/*.[ch] pgo-top/*.[ch] pgo-trace/*.[ch])

tidy: tidy-headers tidy-layers tidy-symbols tidy-stack tidy-man tidy-text ## what a reviewer would point out
tidy-headers:                           ## each header compiles alone
	$(Q)CC='$(CC)' sh test/lint/headers.sh \
	    '$(filter-out -DPGO_VERSION% -fcallgraph%,$(CSTD))' \
	    $(wildcard include/pgo/*.h) -- $(HEADERS)
tidy-layers:                            ## no include points upwards
	$(Q)awk -f test/lint/layers.awk test/lint/layers $(SOURCES)
tidy-symbols: $(PGOCC)                  ## libpgo.a exports pgo_* and the wraps only
	$(Q)$(if $(PGOCC),sh test/lint/symbols.sh $(PGOLIB) $(B)/lib/pgo/wrap.rsp \
	    $(HANDLERS) __tsan_default_options,:)
tidy-stack: $(OBJS) $(FAMILY)                     ## [g] entries keep to their stack bounds
	$(Q)$(PY) test/lint/stackuse.py test/lint/stackuse.table \
	    $(patsubst %.o,%.ci,$(filter-out $(patsubst %.S,$(B)/obj/%.o,\
	        $(wildcard runtime/*.S runtime/amd64/*.S)),\
	        $(BASE) $(WIRE) $(SAMPLE) $(RT) $(FAMILY)))
tidy-man:                               ## mandoc reads every page without complaint
	$(Q)$(if $(wildcard man/*.[1-8]),mandoc -T lint -W warning man/*.[1-8],:)
tidy-text:                              ## widths, lengths, shell syntax, left-over words
	$(Q)$(PY) test/lint/text.py

# What build, demo and check need; and check-all, bench and fuzzing besides.
DEPS := build-essential pkg-config libunwind-dev libdw-dev libelf-dev \
        libncurses-dev libmicrohttpd-dev libcurl4-openssl-dev libseccomp-dev \
        zlib1g-dev libzstd-dev liblzma-dev libbz2-dev libjansson-dev \
        libsqlite3-dev libcmocka-dev python3-pytest python3-pyte tmux \
        protobuf-compiler mandoc gdb elfutils llvm binutils curl procps valgrind go
DEPS_ALL := clang libclang-rt-dev cmake meson ninja-build autoconf \
        automake libtool ccache strace debootstrap debhelper lintian fakeroot \
        ca-certificates universal-ctags musl-tools libboost-fiber-dev libst-dev
DEPS_OPT := delve linux-perf libbpf-dev bpftool gcovr afl++

deps:                                   ## install what build, demo and check need
	$(Q)sh .ci/deps $(DEPS)
deps-all:                               ## and what check-all and bench need
	$(Q)sh .ci/deps $(DEPS) $(DEPS_ALL) $(DEPS_OPT:%=-o %)

D := $(DESTDIR)$(PREFIX)
# Every file that install makes, as BUILT:FOLDER; uninstall reads it too.
INSTALL = $(foreach f,$(wildcard $(B)/bin/*),$f:bin) \
    $(foreach f,$(wildcard $(B)/lib/*.a $(B)/lib/*.so),$f:lib) \
    $(foreach f,$(wildcard $(B)/lib/pgo/*),$f:lib/pgo) \
    $(foreach f,$(wildcard $(B)/lib/pgo.pc),$f:lib/pkgconfig) \
    $(foreach f,$(wildcard include/pgo/*.h),$f:include/pgo) \
    $(foreach f,$(wildcard man/*.[1-8]),$f:share/man/man$(subst .,,$(suffix $f))) \
    $(foreach f,$(wildcard share/completion/*),$f:share/bash-completion/completions) \
    $(foreach f,$(wildcard share/pgo/*/* share/gdb/*),$f:$(patsubst %/,%,share/pgo/$(notdir $(patsubst %/,%,$(dir $f))))) \
    $(foreach f,$(wildcard share/cmake/*),$f:lib/cmake/pgo)

# Each other name of a page, as PAGE:NAME: what is in its NAME section.
MANLINKS := $(shell awk 'FNR == 1 { on = 0; n = split(FILENAME, part, /[/.]/); \
    section = part[n]; page = part[n - 1] } /^\.Sh/ { on = $$2 == "NAME" } \
    on && $$1 == ".Nm" && $$2 != page { print page "." section ":" $$2 }' \
    $(wildcard man/*.[1-8]))

install: all                            ## into $(DESTDIR)$(PREFIX)
	$(Q)set -e; for p in $(INSTALL); do f=$${p%:*}; d=$(D)/$${p##*:}; \
	    mkdir -p $$d; cp -Pp $$f $$d/; done; \
	for p in $(MANLINKS); do f=$${p%:*}; s=$${f##*.}; \
	    ln -sfn $$f $(D)/share/man/man$$s/$${p#*:}.$$s; done; \
	if [ -f $(D)/lib/pkgconfig/pgo.pc ]; then $(call pgo_pc,\
	    $(PREFIX)/lib,$(PREFIX)/include) >$(D)/lib/pkgconfig/pgo.pc; fi
	$(call say,DONE,$(D))
uninstall:                              ## remove what install put there
	$(Q)for p in $(INSTALL); do f=$${p%:*}; \
	    rm -f $(D)/$${p##*:}/$${f##*/}; done; \
	for p in $(MANLINKS); do s=$${p%:*}; s=$${s##*.}; \
	    rm -f $(D)/share/man/man$$s/$${p#*:}.$$s; done; \
	rmdir $(D)/include/pgo $(D)/lib/pgo $(D)/share/pgo/* $(D)/share/pgo \
	    $(D)/lib/cmake/pgo 2>/dev/null || :
# From what git knows of, in a folder of its own: settings of this one's builds
# stay out.
deb:                                    ## Debian packages, in build/deb
	$(Q)rm -rf $(B)/deb && mkdir -p $(B)/deb/pgo-$(VERSION)
	$(Q)git ls-files -z --cached --others --exclude-standard | \
	    tar -c --null -T - | tar -x -C $(B)/deb/pgo-$(VERSION)
	$(Q)cd $(B)/deb/pgo-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL \
	    dpkg-buildpackage -b -us -uc
	$(Q)lintian --allow-root --fail-on error,warning $(B)/deb/*.changes
check-deb: deb                          ## in a minimal root; needs root, and apt's network
	$(Q)bash test/deb.sh $(B)/deb $(B)/deb-root
offsets:                                ## the rows of share/pgo/go anew, by the toolchains of the Go proxy
	$(Q)go run lib/target/go/gen/main.go
clean:                                  ## remove build/
	rm -rf build
help:                                   ## this list
	@grep -hE '^[a-z][a-z -]*:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 28

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

-include $(shell find $(B)/obj $(B)/examples $(B)/test -name '*.d' 2>/dev/null)
.PHONY: FORCE all static deb check-deb check check-attach check-static check-fast check-inject check-matrix check-soak check-stress check-unit check-debug \
        check-sanitized check-asan check-tsan check-cov check-valgrind check-long check-all bench bench-ir bench-malloc fuzz fuzz-run demo tidy tidy-headers tidy-layers \
        tidy-symbols tidy-stack tidy-man tidy-text deps deps-all install \
        uninstall offsets clean help
.DELETE_ON_ERROR:
# What deps installs must be there before anything else begins.
ifneq ($(filter deps deps-all,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
.SECONDARY:
