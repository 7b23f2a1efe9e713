#!/bin/sh
# Debian's Chromium, in which the HTML pages are tested: installed where root may, else the tests say that they lack it.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null && exit 0
done
install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1
}
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium for the tests of the HTML pages …" >&2
    install || { apt-get update -qq >/dev/null 2>&1 && install; } && exit 0
fi
echo "NO CHROMIUM: the HTML pages are not tested in a browser; install one, on Debian with: apt-get install chromium" >&2
