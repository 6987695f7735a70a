"""Write the OpenAPI document of this version to standard output: ``python -m api.openapi``."""

from __future__ import annotations

import sys

from api.openapi.document import encode_document, make_document
from api.routes import OPERATIONS

if __name__ == "__main__":
    sys.stdout.buffer.write(encode_document(make_document(OPERATIONS)))
