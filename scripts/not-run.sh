#!/usr/bin/env bash
# The summary of `make test`: which tests could not run on this machine, and what they want.
set -euo pipefail

if ! command -v npm >/dev/null; then
    echo "not run here: frontserv/apidoc TestRealDocuments (GitHub's, Stripe's and Kubernetes' documents): there is no npm to fetch them"
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "not run here: what only root can try, in e2e (another user at /urprocs, a script that leaves its cgroup)"
fi
