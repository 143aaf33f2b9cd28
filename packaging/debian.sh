#!/usr/bin/env bash
# Installs the Debian packages of a list where that is allowed (root or sudo), else names them in one line.
# usage: packaging/debian.sh LIST [LIST ...]
set -euo pipefail

command -v dpkg-query >/dev/null || exit 0   # not Debian: the user's own packages serve
missing=()
for package in $(cat "$@" | sed 's/#.*//'); do
  # A Python that brings its own venv needs no Debian package for it.
  if [ "$package" = python3-venv ] && python3 -c 'import ensurepip' 2>/dev/null; then continue; fi
  dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if sudo -n true 2>/dev/null; then as_root=(sudo); else
    echo "Debian packages are needed; run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi

# Packages of servers start them on installation, on every interface: not here, the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
echo "installing Debian packages: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
