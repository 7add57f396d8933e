#!/bin/sh
# Gets what Rust and Python guests are built with, and what the tests of gates run against, where it is missing, and says
# what it did: one line for each.
# Non-interactive, may be run again at any time, quick when everything is there. Always ends with 0: what could not be
# had is said, and the tests that need it say so again.
#
#   Rust    the target wasm32-unknown-unknown from rustup, or Debian's rustc-web with its sources and lld-22
#   Python  componentize-py, in a virtual environment of its own: build/python-venv
#   Postgres, bubblewrap, a keyring  Debian's packages; no server is set up, tests start one of their own
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/build/python-venv
requirements=$root/guest-examples/python-requirements.txt
target=wasm32-unknown-unknown
debian_packages='rustc-web cargo-web rust-web-src lld-22'
log=$(mktemp "${TMPDIR:-/tmp}/sallyport-setup.XXXXXX")
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive RUSTUP_AUTO_INSTALL=0 PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%-8s %s\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }
# The last line that a failed step left, for the one who wants to know why.
why() { grep -v '^[[:space:]]*$' "$log" | tail -n 1; }

# --- apt, as root or with a sudo that asks nothing ---
as_root() {
  # sudo hands no variables on, and a question that nobody answers would wait for ever.
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n env DEBIAN_FRONTEND=noninteractive "$@"; fi
}
apt_usable() {
  has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }
}
apt_updated=no
# Never removes a package: rustc-web takes the place of Debian's rustc and rustup, and that is for the owner to decide.
apt_install() {
  # Once: one source that does not answer must not keep what the others have, nor be waited for again.
  if [ $apt_updated = no ]; then apt_get update; fi
  apt_updated=yes
  # shellcheck disable=SC2086 # a list of packages
  apt_get install -y --no-install-recommends --no-remove $1
}
apt_get() {
  as_root apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::http::Timeout=30 "$@" \
    >"$log" 2>&1 </dev/null
}

# --- Rust ---
compilers() {
  printf '%s\n' "$PATH:/usr/local/bin:/usr/bin" | tr ':' '\n' | while IFS= read -r folder; do
    if [ -x "$folder/rustc" ] && [ -x "$folder/cargo" ]; then printf '%s\n' "$folder/rustc"; fi
  done
}
has_linker() {
  for name in wasm-ld-22 wasm-ld wasm-ld-21 wasm-ld-20 wasm-ld-19 rust-lld; do
    if has "$name"; then return 0; fi
  done
  compilers | while IFS= read -r rustc; do
    libraries=$("$rustc" --print target-libdir 2>/dev/null) && [ -x "${libraries%/lib}/bin/rust-lld" ] && echo yes
  done | grep -q yes
}
# Prints what a Rust build would use; nothing if there is nothing. The search of src/build/rust-toolchain.ts.
rust_ready() {
  has cc || return 0 # macros are compiled for this machine
  compilers | while IFS= read -r rustc; do
    libraries=$("$rustc" --print target-libdir --target $target 2>/dev/null) || continue
    for std in "$libraries"/libstd-*.rlib; do
      if [ -e "$std" ]; then echo "ready: $("$rustc" --version | cut -d ' ' -f 1,2), ready std"; fi
    done
  done | head -n 1 | grep . && return 0
  has_linker || return 0
  compilers | while IFS= read -r rustc; do
    sysroot=$("$rustc" --print sysroot 2>/dev/null) || continue
    if [ -e "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ]; then
      echo "ready: $("$rustc" --version | cut -d ' ' -f 1,2), std from source"
    fi
  done | head -n 1
}
setup_rust() {
  # A compiler for this machine alone is a small thing beside a second Rust.
  if ! has cc && [ -n "$(compilers)" ] && apt_usable; then apt_install 'gcc libc6-dev'; fi
  found=$(rust_ready)
  if [ -z "$found" ] && has rustup; then
    timeout 120 rustup target add $target >"$log" 2>&1 && found=$(rust_ready)
  fi
  if [ -z "$found" ] && apt_usable; then
    apt_install "$debian_packages" && found=$(rust_ready)
  fi
  if [ -n "$found" ]; then
    say rust "$found"
  else
    say rust "missing: install rustup and run \`rustup target add $target\`, or, on Debian 12, \`apt-get install -y --no-install-recommends $debian_packages\`"
    if [ -s "$log" ]; then say '' "$(why)"; fi
  fi
}

# --- Python ---
pinned=$(sed -n 's/^componentize-py==//p' "$requirements")
python_ready() { [ "$("$venv/bin/componentize-py" --version 2>/dev/null)" = "componentize-py $pinned" ]; }
make_venv() { rm -rf "$venv" && mkdir -p "$root/build" && python3 -m venv "$venv" >"$log" 2>&1; }
setup_python() {
  if python_ready; then
    say python "ready: componentize-py $pinned"
    return
  fi
  : >"$log"
  # Debian keeps the part that makes environments in a package of its own.
  { has python3 && make_venv; } || { apt_usable && apt_install 'python3 python3-venv' && make_venv; }
  if [ -x "$venv/bin/pip" ]; then
    timeout 600 "$venv/bin/pip" install --quiet --retries 3 --requirement "$requirements" >"$log" 2>&1
  fi
  if python_ready; then
    say python "ready: componentize-py $pinned (installed into build/python-venv)"
  else
    say python "missing: \`python3 -m venv build/python-venv && build/python-venv/bin/pip install -r guest-examples/python-requirements.txt\`"
    if [ -s "$log" ]; then say '' "$(why)"; fi
  fi
}

# --- JavaScript: an npm package, part of the development dependencies ---
setup_javascript() {
  if [ -d "$root/node_modules/componentize-qjs" ]; then say js 'ready: componentize-qjs'; else say js 'missing: `npm ci`'; fi
}

# --- What the tests of gates run against: a database server, started unprivileged, and the sandbox of tools ---
postgres_ready() {
  for folder in /usr/lib/postgresql/*/bin $(printf '%s' "$PATH" | tr ':' ' '); do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then "$folder/postgres" --version; return; fi
  done
}
# Debian would make and start a server of its own: nobody needs it.
install_postgres() {
  apt_install postgresql-common || return 1
  as_root sh -c 'mkdir -p /etc/postgresql-common/createcluster.d && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/sallyport.conf' >>"$log" 2>&1
  apt_install postgresql
}
setup_postgres() {
  found=$(postgres_ready)
  : >"$log"
  if [ -z "$found" ] && apt_usable; then install_postgres && found=$(postgres_ready); fi
  if [ -n "$found" ]; then say postgres "ready: $found"; return; fi
  say postgres 'missing: on Debian, `apt-get install -y --no-install-recommends postgresql`'
  if [ -s "$log" ]; then say '' "$(why)"; fi
}
setup_bubblewrap() {
  : >"$log"
  if ! has bwrap && apt_usable; then apt_install bubblewrap; fi
  if has bwrap; then say bwrap "ready: $(bwrap --version)"; return; fi
  say bwrap 'missing: on Debian, `apt-get install -y --no-install-recommends bubblewrap`'
  if [ -s "$log" ]; then say '' "$(why)"; fi
}
# A Secret Service, a session bus to ask it on, and a program that puts something in.
keyring_ready() { has gnome-keyring-daemon && has dbus-run-session && has secret-tool; }
setup_keyring() {
  : >"$log"
  if ! keyring_ready && apt_usable; then apt_install 'gnome-keyring dbus dbus-daemon libsecret-tools'; fi
  if keyring_ready; then say keyring "ready: $(gnome-keyring-daemon --version | head -n 1)"; return; fi
  say keyring 'missing: on Debian, `apt-get install -y --no-install-recommends gnome-keyring dbus dbus-daemon libsecret-tools`'
  if [ -s "$log" ]; then say '' "$(why)"; fi
}

setup_javascript
setup_rust
setup_python
setup_postgres
setup_bubblewrap
setup_keyring
exit 0
