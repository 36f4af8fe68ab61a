# make install     the library as a distribution or a user has it, on Linux
# make uninstall   takes the same files away
# make package     builds all of it, so that `sudo make install` only copies
#
# PREFIX, LIBDIR (lib/x86_64-linux-gnu on Debian), INCLUDEDIR and DESTDIR are as
# everywhere.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
INSTALL ?= install
OBJCOPY ?= objcopy

version := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
major := $(word 1,$(subst ., ,$(version)))
minor := $(word 2,$(subst ., ,$(version)))
soname := libwsabi.so.$(major)
# Versions that can replace each other.
series := $(if $(filter 0,$(major)),0\\\\.$(minor),$(major))

# Its own target directory: the programs in the tree run against
# target/release/libwsabi.so, which has no soname.
package := target/install
sources := Cargo.toml Cargo.lock build.rs cbindgen.toml $(shell find src -name '*.rs')

package: $(package)/libwsabi.a

$(package)/release/libwsabi.a: $(sources)
	$(CARGO) rustc --locked --release --lib --crate-type cdylib,staticlib --target-dir $(package) -- \
	    -C link-arg=-Wl,-soname,$(soname) -C strip=symbols --print native-static-libs=$(package)/libs
	@touch $@

# One object in which only the functions of the header are global: a program can
# link it beside other Rust libraries, which have the same runtime.
$(package)/libwsabi.a: $(package)/release/libwsabi.a
	$(LD) -r --force-group-allocation -o $(package)/wsabi.o \
	    $$(grep -o '\bwsabi_[a-z0-9_]*(' include/wsabi.ffi.h | sed 's/(//; s/^/-u /') $<
	$(OBJCOPY) --wildcard --keep-global-symbol='wsabi_*' --strip-unneeded $(package)/wsabi.o
	rm -f $@
	$(AR) rcs $@ $(package)/wsabi.o

# What rustc says that a static program needs. It names some twice; the last of
# each counts.
libs = $(shell awk '{ for (i = NF; i; i--) if (!seen[$$i]++) all = $$i " " all; print all }' $(package)/libs)
in_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$1)

# fill TEMPLATE, FILE
define fill
sed 's|@prefix@|$(PREFIX)|; s|@libdir@|$(call in_prefix,$(LIBDIR))|; s|@version@|$(version)|; s|@soname@|$(soname)|; \
    s|@includedir@|$(call in_prefix,$(INCLUDEDIR))|; s|@series@|$(series)|; s|@libs@|$(strip $(libs))|; \
    s|@include@|$(shell realpath -sm --relative-to='$(LIBDIR)' '$(INCLUDEDIR)')|' packaging/$1 | \
    $(INSTALL) -m 644 /dev/stdin '$(DESTDIR)$2'
endef

install: package
	$(INSTALL) -d '$(DESTDIR)$(INCLUDEDIR)/wsabi' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(LIBDIR)/cmake/wsabi'
	$(INSTALL) -m 644 include/wsabi.h include/wsabi.hpp include/wsabi.ffi.h '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 644 packaging/module.modulemap '$(DESTDIR)$(INCLUDEDIR)/wsabi'
	$(INSTALL) -m 755 $(package)/release/libwsabi.so '$(DESTDIR)$(LIBDIR)/libwsabi.so.$(version)'
	ln -sf libwsabi.so.$(version) '$(DESTDIR)$(LIBDIR)/$(soname)'
	ln -sf $(soname) '$(DESTDIR)$(LIBDIR)/libwsabi.so'
	$(INSTALL) -m 644 $(package)/libwsabi.a '$(DESTDIR)$(LIBDIR)'
	$(call fill,wsabi.pc.in,$(LIBDIR)/pkgconfig/wsabi.pc)
	$(call fill,wsabiConfig.cmake.in,$(LIBDIR)/cmake/wsabi/wsabiConfig.cmake)
	$(call fill,wsabiConfigVersion.cmake.in,$(LIBDIR)/cmake/wsabi/wsabiConfigVersion.cmake)

uninstall:
	rm -rf '$(DESTDIR)$(INCLUDEDIR)/wsabi' '$(DESTDIR)$(LIBDIR)/cmake/wsabi'
	rm -f '$(DESTDIR)$(INCLUDEDIR)/wsabi.h' '$(DESTDIR)$(INCLUDEDIR)/wsabi.hpp' '$(DESTDIR)$(INCLUDEDIR)/wsabi.ffi.h' \
	    '$(DESTDIR)$(LIBDIR)/libwsabi.a' '$(DESTDIR)$(LIBDIR)/libwsabi.so' '$(DESTDIR)$(LIBDIR)/$(soname)' \
	    '$(DESTDIR)$(LIBDIR)/libwsabi.so.$(version)' '$(DESTDIR)$(LIBDIR)/pkgconfig/wsabi.pc'

.PHONY: package install uninstall
