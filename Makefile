# pgo - goroutines for C, and the tools that look inside them.
#
#   make            build everything          make check    the tests
#   make help       every target              make V=1      show the commands
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

WARN  := -Wall -Wextra -Wshadow -Wvla -Wundef -Wpointer-arith -Wwrite-strings \
         -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
         -Wformat=2 -Wimplicit-fallthrough
ifdef WERROR
WARN  += -Werror
endif
CSTD  := -std=gnu11 -D_GNU_SOURCE -fvisibility=hidden -fno-omit-frame-pointer \
         -fPIC -g -DPGO_VERSION='"$(VERSION)"'
ALL_CFLAGS = $(CSTD) $(WARN) $(OPT.$(MODE)) -Iinclude -I. -MMD -MP $(CFLAGS)

# Parts ----------------------------------------------------------------------
# A part is a folder.  Lower parts never include higher ones; make tidy checks.

srcs  = $(wildcard $(1)/*.c) $(wildcard $(1)/*.S)
objs  = $(patsubst %,$(B)/obj/%.o,$(basename $(call srcs,$(1))))

BASE   := $(call objs,lib/base)
WIRE   := $(call objs,lib/wire)
SAMPLE := $(call objs,lib/sample)
RT     := $(call objs,runtime) $(call objs,runtime/amd64)
CCDRV  := $(call objs,runtime/cc)

all: $(BASE) $(WIRE) $(SAMPLE) $(RT) $(CCDRV)    ## libraries and tools (the default)

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/obj/%.o: %.S
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

# pgo-cc and libpgo.a ---------------------------------------------------------
# The driver, the thunks it links with, and the library as one object: hidden
# names become local, and what the runtime itself calls of libc bypasses the
# thunks (X becomes __real_X).

MKTHUNKS := $(B)/obj/pgo-mkthunks
CCMAINS  := $(B)/obj/runtime/cc/main.o $(B)/obj/runtime/cc/mkthunks.o
CCLIB    := $(filter-out $(CCMAINS),$(CCDRV))
FOREIGN  := $(filter %/stack_foreign.o,$(RT))
PGOOBJS  := $(BASE) $(WIRE) $(SAMPLE) $(filter-out $(FOREIGN),$(RT))
PGOLIB   := $(B)/lib/libpgo.a
PGOCC    := $(B)/bin/pgo-cc $(B)/bin/pgo-c++ $(B)/lib/pgo/ld $(PGOLIB) \
            $(B)/lib/pgo/wrap.rsp $(B)/lib/pgo.pc

pgo-cc: $(PGOCC)                        ## the compiler driver and libpgo.a
all: pgo-cc
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

$(B)/lib/pgo/libpgo-thunks.a: $(MKTHUNKS) $(B)/obj/protos.0.txt \
		$(B)/obj/protos.2.txt
	$(call say,THUNK,$@)
	$(Q)mkdir -p $(@D) && $(MKTHUNKS) $@ $(@D)/wrap.rsp \
		$(B)/obj/thunks.txt \
		$(shell $(CC) -print-file-name=libc.so.6) \
		$(shell $(CC) -print-file-name=libm.so.6) -- \
		$(filter %.txt,$^)

$(B)/lib/pgo/wrap.rsp: $(B)/lib/pgo/libpgo-thunks.a ;

# A shared library reaches the program's __morestack by its __wrap_ name.
$(B)/obj/libpgo.o: $(PGOOBJS) $(B)/lib/pgo/wrap.rsp
	$(call say,LD,$@)
	$(Q)ld -r --defsym=__wrap___morestack=__morestack \
		--defsym=__wrap___morestack_non_split=__morestack_non_split \
		--defsym=__wrap___morestack_large_model=__morestack_large_model \
		--defsym=__wrap___morestack_allocate_stack_space=__morestack_allocate_stack_space \
		-z noexecstack -o $@.all $(PGOOBJS)
	$(Q)nm -u $@.all | awk 'FNR == NR { wrap[substr($$0, 8)]; next } \
		$$2 in wrap { print $$2, "__real_" $$2 }' \
		$(B)/lib/pgo/wrap.rsp - > $@.syms
	$(Q)objcopy --localize-hidden --redefine-syms=$@.syms $@.all $@
	$(Q)rm -f $@.all

$(PGOLIB): $(B)/lib/pgo/libpgo-thunks.a $(B)/obj/libpgo.o $(FOREIGN)
	$(call say,AR,$@)
	$(Q)cp $< $@.new && ar rD $@.new $(filter %.o,$^) 2>/dev/null && \
		mv $@.new $@

$(B)/lib/pgo.pc: share/pgo.pc.in Makefile
	$(Q)mkdir -p $(@D) && sed -e 's|@LIBDIR@|$${pcfiledir}|' \
		-e 's|@INCLUDEDIR@|$(CURDIR)/include|' \
		-e 's|@VERSION@|$(VERSION)|' $< > $@

clean:                                  ## remove build/
	rm -rf build
help:                                   ## this list
	@grep -hE '^[a-z][a-z -]*:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 28

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
.PHONY: all clean help
.SECONDARY:
