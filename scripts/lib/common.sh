# shellcheck shell=bash
# Shared by scripts/engine and scripts/base-images. Sourced, never run.

# Everything that the scripts start or remember lives in this one folder.
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
  curl --silent --fail --max-time 3 --output /dev/null "http://$registry/v2/"
}

# Prints the address of the Debian archive that this machine's apt uses for the suite $1, without a
# trailing slash. The label tells the archive from the security one; it is empty before the first
# `apt-get update`, so an unlabelled archive counts too.
debian_mirror() {
  apt-get indextargets --format '$(LABEL)|$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)' \
    'Created-By: Packages' |
    awk -F'|' -v suite="$1" \
      '($1 == "Debian" || $1 == "") && ($2 == suite || $3 == suite) && $4 == "main" { print $5; exit }' |
    sed 's:/*$::'
}
