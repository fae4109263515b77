#!/bin/bash
# Other settings may mean another database: prepare it, too.
exec "$(dirname "$0")/../../hooks/predeploy/10_prepare.sh"
