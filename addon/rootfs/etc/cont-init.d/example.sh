#!/usr/bin/with-contenv bash
# The Supervisor writes /data/options.json for root alone (mode 0600), and the service is not root:
# give it a copy that it may read but not change. /data is backed up, so the copy is not made there.
set -o errexit -o nounset -o pipefail

install --directory --owner=root --group=app --mode=0750 /run/example

# A container started by hand may have no options.
if [[ -e /data/options.json ]]; then
    install --owner=root --group=app --mode=0640 /data/options.json /run/example/options.json
fi
