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

clean:                                  ## remove build/
	rm -rf build
help:                                   ## this list
	@grep -hE '^[a-z][a-z -]*:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 28

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
.PHONY: all clean help
.SECONDARY:
