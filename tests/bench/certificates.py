"""Write an authority's certificate and a server's for 127.0.0.1: `python certificates.py FOLDER`, with trustme."""

import sys
from pathlib import Path

import trustme

folder = Path(sys.argv[1])
authority = trustme.CA()
authority.cert_pem.write_to_path(str(folder / "root.pem"))
authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
