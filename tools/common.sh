# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What tools/demo and tools/test share: a fresh Debian 12 lacks most of what the project needs,
# and neither script may count on the other having run. Sourced, not run.

build_packages=(gcc libc6-dev cmake ninja-build pkg-config libserialport-dev libusb-1.0-0-dev libwebsockets-dev libzmq3-dev
	libhdf5-dev libdeflate-dev libsodium-dev libncurses-dev libconfig-dev libjansson-dev libudev-dev libsystemd-dev
	libcairo2-dev libfreetype-dev fonts-dejavu-core scdoc)
test_packages=(git clang libclang-rt-14-dev clang-format libcmocka-dev chromium python3-zmq python3-websockets python3-h5py
	python3-numpy python3-pytest hdf5-tools openssl poppler-utils socat umockdev tmux man-db systemd r-base-core
	r-cran-hdf5r octave)

say() {
	printf '\n== %s\n' "$*"
}

# need_packages NAME...: installs those that are not there (root, or sudo).
need_packages() {
	local missing=() name root=()
	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
			missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${#missing[@]} Debian packages: ${missing[*]}"
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "there is no sudo here; as root, then once more: apt-get install --no-install-recommends ${missing[*]}" >&2
			exit 1
		}
		root=(sudo)
	fi
	# With env behind sudo, which keeps no variables: a question nobody sees would wait for ever.
	"${root[@]}" apt-get update -qq
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# quietly LOG COMMAND...: the output goes to LOG; shown only when the command fails.
quietly() {
	local log=$1
	shift
	mkdir -p "$(dirname "$log")"
	if ! "$@" >"$log" 2>&1; then
		tail -n 60 "$log" >&2
		echo "failed: $*  (whole output: $log)" >&2
		return 1
	fi
}

jobs=$(nproc)
