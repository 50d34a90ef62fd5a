#!/bin/sh
# Installs Chromium on a Debian machine of which one is root, such as a CI machine; elsewhere says how. The tests of pages
# need it, and are skipped without.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" > /dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null
else
    echo 'No Chromium: the tests of pages will be skipped. Install the package chromium of your system to run them.'
fi
