"""The environment for programs whose words are compared: as it is, without
what pgo reads of it."""
import os

ENV = {name: value for name, value in os.environ.items()
       if name not in ("GOTRACEBACK", "GODEBUG", "PGODEBUG", "SCHEDTRACE")}
# Where names of functions will do.
WITHOUT_LINES = ENV | {"PGO_SYM": "off"}
