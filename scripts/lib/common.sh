# shellcheck shell=bash
# Shared by scripts/engine and scripts/base-images. Sourced, never run.

# Everything that the scripts start or remember lives in this one folder.
# shellcheck disable=SC2034 # used by who sources this
state_dir=${ADDON_RELEASE_STATE_DIR:-/var/lib/addon-release}
# Docker takes 127.0.0.0/8 and localhost for insecure registries, so plain HTTP works there.
registry=${ADDON_RELEASE_REGISTRY:-localhost:5000}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  say "$@"
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Prints one field of /etc/os-release, empty when there is none.
os_field() {
  [[ -r /etc/os-release ]] || return 0
  # shellcheck source=/dev/null
  (. /etc/os-release && printf '%s' "${!1-}")
}

registry_answers() {
  has curl && curl --silent --fail --max-time 3 --output /dev/null "http://$registry/v2/"
}

# Prints the address that this machine's apt uses for the Debian archive (not the security one), without
# a trailing slash. Component main: others serve their packages below a suite of the same name.
debian_mirror() {
  apt-get --print-uris update |
    sed --quiet --regexp-extended \
      "s:^'(.*[^/])/*/dists/($(os_field VERSION_CODENAME)|stable|oldstable)/main/binary-.*:\1:p" |
    sed --quiet 1p
}
