"""The manifest: one JSON object for each record that a log file got, so that a test knows what has to arrive."""

import json
import time


class Manifest:
    """Stands in front of every file handler and keeps all its records; it removes none.

    A handler calls its filters right before it writes, so what passes here is what the file gets, and the handler's
    own formatter says how it looks there.
    """

    def __init__(self, file):
        self.file = file

    def watch(self, handlers):
        for handler in handlers:
            handler.addFilter(lambda record, handler=handler: self.keep(handler, record))

    def keep(self, handler, record):
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry = {
            "file": handler.baseFilename,
            "logger": record.name,
            "level": record.levelname,
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "message": record.getMessage(),
            "text": handler.format(record),
        }
        self.file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        return True
