"""A local KMS for the benches of the audit: `python audit_server.py KEYS REGIONS [QUOTA]` prints where it is.

So many keys in each of so many regions, r-0, r-1, ...; with a QUOTA GetKeyLastUsage is throttled as KMS does.
"""

import json
import sys
from datetime import UTC, datetime, timedelta

from awskms_lite.local import LocalKMS

now = datetime.now(UTC)
keys, regions, *quota = map(int, sys.argv[1:])
with LocalKMS(region="r-0") as server:
    for region in range(regions):
        for key in range(keys):
            created, used = now - timedelta(days=400), now - timedelta(days=key % 200)
            server.add_key(region=f"r-{region}", created=created, last_usage=used, aliases=[f"alias/{key}"])
    if quota:
        server.set_quota("GetKeyLastUsage", quota[0])
    print(json.dumps(server.environ), flush=True)
    sys.stdin.read()
