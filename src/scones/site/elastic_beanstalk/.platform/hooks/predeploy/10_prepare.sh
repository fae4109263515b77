#!/bin/bash
# Bring the database up to date and collect the static files, as the user that serves the site.
# The platform runs this as root, in the new release, with the environment's variables and secrets.
set -euo pipefail

owner=$(id -un)
if [ "$owner" = root ] && id webapp >/dev/null 2>&1; then
    owner=webapp
fi
install -d -m 750 -o "$owner" "$SCONES_WEB_STATE_DIR"
for virtual in "${SCONES_SITE_VENVS:-/var/app/venv}"/*/bin; do
    PATH="$virtual:$PATH"
done
manage() {
    if [ "$owner" = webapp ]; then
        runuser --user webapp --preserve-environment -- env PATH="$PATH" python -m scones.web "$@"
    else
        python -m scones.web "$@"
    fi
}
manage migrate --no-input
manage collectstatic --no-input --verbosity 0
# The first person, where one is named (DJANGO_SUPERUSER_USERNAME, _PASSWORD, _EMAIL).
if [ -n "${DJANGO_SUPERUSER_PASSWORD:-}" ]; then
    manage createsuperuser --no-input || echo "the superuser is there already"
fi
