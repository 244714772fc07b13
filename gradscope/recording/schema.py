"""The format of a recording: one SQLite file, to which rows are only ever added.

The header's ``application_id`` tells that a file is a recording, ``user_version`` is the version
of the format. A reader accepts exactly the tables and indexes below, written as below.

Bodies are msgpack as on the wire between the two processes (see ``core.events``), of the struct
that each table names. ``seq`` is a moment's number; rows that belong to no moment carry in
``after`` the number of the last moment before them, 0 before the first.

``event``
    Started, environment, models, optimizers, notices, finished and ended, as they came.
    ``kind`` is the struct's tag.
``moment``
    One row per recorded moment: a ``Moment`` without measurements and batch. ``inside`` is 1 for
    moments inside a phase.
``roster``
    Lists of names, each written once: a ``Role`` and a msgpack list of strings.
``measurement``
    What was measured at a moment of one role: a msgpack list of ``Stats`` or nil, one for each
    name of the roster, in its order.
``batch``
    The previews of a batch: a msgpack list of ``Preview``.
``scalars``
    Sealed blocks of ``scalars.BLOCK`` iterations, each a packed array of ``scalars.RECORD``; the
    iterations after the last block are found in their moments.
``output``
    What the script printed, in pieces as they came. ``stream`` is ``out``, ``err`` or ``tty``.
``source``
    Files of the user's code, as they were when the run first passed through them.
``tensor``
    Elements that someone looked at: a ``TensorData``. ``which`` is a ``When``, ``slices`` a
    msgpack list of ``Slice``.
"""

APPLICATION_ID = 0x67736370
FORMAT = 1

_TABLES = """
event (id INTEGER PRIMARY KEY, after INT, kind TEXT, body BLOB)
moment (seq INTEGER PRIMARY KEY, iteration INT, epoch INT, phase TEXT, inside INT, body BLOB)
roster (id INTEGER PRIMARY KEY, role TEXT, names BLOB)
measurement (id INTEGER PRIMARY KEY, seq INT, roster INT, body BLOB)
batch (seq INTEGER PRIMARY KEY, body BLOB)
scalars (id INTEGER PRIMARY KEY, packed BLOB)
output (id INTEGER PRIMARY KEY, after INT, stream TEXT, data BLOB)
source (id INTEGER PRIMARY KEY, file TEXT, after INT, data BLOB)
tensor (id INTEGER PRIMARY KEY, seq INT, role TEXT, name TEXT, which TEXT, slices BLOB, body BLOB)
"""

_INDEXES = """
moment_ends ON moment (seq) WHERE inside = 0
moment_iterations ON moment (iteration) WHERE inside = 0
measurement_rosters ON measurement (roster, seq)
tensor_names ON tensor (seq, role, name, which)
"""

STATEMENTS = (
    *(f"CREATE TABLE {table}" for table in _TABLES.strip().splitlines()),
    *(f"CREATE INDEX {index}" for index in _INDEXES.strip().splitlines()),
)
