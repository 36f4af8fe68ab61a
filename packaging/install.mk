# make install     the library and the tool as a distribution or a user has them, on
#                  Linux
# make uninstall   takes the same files away
# make package     builds all of it, so that `sudo make install` only copies
# make deb         Debian packages of the same files, in target/deb
#
# PREFIX, LIBDIR (lib/x86_64-linux-gnu on Debian), INCLUDEDIR, BINDIR, DATADIR, MANDIR
# and DESTDIR are as everywhere.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
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

# The tool is built apart: beside it the library would be one without LTO.
tool := target/tool
completions := packaging/completions
bash := $(DATADIR)/bash-completion/completions
zsh := $(DATADIR)/zsh/site-functions
fish := $(DATADIR)/fish/vendor_completions.d

package: $(package)/libwsabi.a $(tool)/release/wsabi $(package)/man3/wsabi.3

$(tool)/release/wsabi: $(sources)
	$(CARGO) rustc --locked --release --bin wsabi --target-dir $(tool) -- -C strip=symbols
	@touch $@

# One page for each function and type of the header.
$(package)/man3/wsabi.3: packaging/man3.awk include/wsabi.h
	rm -rf $(@D)
	mkdir -p $(@D)
	awk -f packaging/man3.awk -v to=$(@D) -v version=$(version) include/wsabi.h

$(package)/release/libwsabi.a: $(sources)
	$(CARGO) rustc --locked --release --lib --crate-type cdylib,staticlib --target-dir $(package) -- \
	    -C link-arg=-Wl,-soname,$(soname) -C strip=symbols --print native-static-libs=$(package)/libs
	@touch $@

# One object in which only the functions of the header are global: a program can
# link it beside other Rust libraries, which have the same runtime. And without the
# bitcode of Rust's own objects, at which tools with an older LLVM stumble.
define localize
$(LD) -r --force-group-allocation -o $(@D)/wsabi.o \
    $$(grep -o '\bwsabi_[a-z0-9_]*(' include/wsabi.ffi.h | sed 's/(//; s/^/-u /') $<
$(OBJCOPY) --wildcard --keep-global-symbol='wsabi_*' --strip-unneeded \
    --remove-section=.llvmbc --remove-section=.llvmcmd $(@D)/wsabi.o
rm -f $@
$(AR) rcs $@ $(@D)/wsabi.o
endef

$(package)/libwsabi.a: $(package)/release/libwsabi.a
	$(localize)

# The static library without Rust's standard library, for TARGET as rustc names it,
# with LD, OBJCOPY and AR of that: nothing but a C library is needed to link it. No
# compression, and a bug in wsabi aborts the process.
TARGET ?= $(shell rustc -vV | sed -n 's/^host: //p')
bare := target/bare/$(TARGET)

bare: $(bare)/libwsabi.a

$(bare)/release/libwsabi.a: $(sources)
	CARGO_PROFILE_RELEASE_PANIC=abort $(CARGO) rustc --locked --release --lib --crate-type staticlib \
	    --no-default-features --features bare --target-dir target/bare --target $(TARGET)
	@touch $@

$(bare)/libwsabi.a: $(bare)/release/libwsabi.a
	$(localize)

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
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(MANDIR)/man1' '$(DESTDIR)$(MANDIR)/man3' \
	    '$(DESTDIR)$(bash)' '$(DESTDIR)$(zsh)' '$(DESTDIR)$(fish)'
	$(INSTALL) -m 755 $(tool)/release/wsabi '$(DESTDIR)$(BINDIR)'
	$(INSTALL) -m 644 $(package)/man3/*.3 '$(DESTDIR)$(MANDIR)/man3'
	$(INSTALL) -m 644 $(completions)/wsabi.bash '$(DESTDIR)$(bash)/wsabi'
	$(INSTALL) -m 644 $(completions)/_wsabi '$(DESTDIR)$(zsh)'
	$(INSTALL) -m 644 $(completions)/wsabi.fish '$(DESTDIR)$(fish)'
	$(call fill,wsabi.1.in,$(MANDIR)/man1/wsabi.1)
	$(call fill,wsabi.pc.in,$(LIBDIR)/pkgconfig/wsabi.pc)
	$(call fill,wsabiConfig.cmake.in,$(LIBDIR)/cmake/wsabi/wsabiConfig.cmake)
	$(call fill,wsabiConfigVersion.cmake.in,$(LIBDIR)/cmake/wsabi/wsabiConfigVersion.cmake)

uninstall:
	rm -rf '$(DESTDIR)$(INCLUDEDIR)/wsabi' '$(DESTDIR)$(LIBDIR)/cmake/wsabi'
	rm -f '$(DESTDIR)$(INCLUDEDIR)/wsabi.h' '$(DESTDIR)$(INCLUDEDIR)/wsabi.hpp' '$(DESTDIR)$(INCLUDEDIR)/wsabi.ffi.h' \
	    '$(DESTDIR)$(LIBDIR)/libwsabi.a' '$(DESTDIR)$(LIBDIR)/libwsabi.so' '$(DESTDIR)$(LIBDIR)/$(soname)' \
	    '$(DESTDIR)$(LIBDIR)/libwsabi.so.$(version)' '$(DESTDIR)$(LIBDIR)/pkgconfig/wsabi.pc' \
	    '$(DESTDIR)$(BINDIR)/wsabi' '$(DESTDIR)$(MANDIR)/man1/wsabi.1' '$(DESTDIR)$(MANDIR)/man3'/wsabi*.3 \
	    '$(DESTDIR)$(bash)/wsabi' '$(DESTDIR)$(zsh)/_wsabi' '$(DESTDIR)$(fish)/wsabi.fish'

# Without a look at what Debian is to build it with: cargo may come from rustup.
deb: package
	rm -rf target/deb
	mkdir -p target/deb/wsabi-$(version)
	cp -R packaging/debian target/deb/wsabi-$(version)
	cd target/deb/wsabi-$(version) && TREE=$(CURDIR) DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage -d -b --no-sign

.PHONY: package bare install uninstall deb
