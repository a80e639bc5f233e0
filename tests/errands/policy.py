"""Who may do what with errands."""

from xinglin.security.grants import Grant

WRITE = frozenset({"read", "vread", "search", "create", "update", "patch", "delete", "history"})

GRANTS = (
    Grant("dispatcher", WRITE, "Task"),
    Grant("dispatcher", frozenset({"operate"}), "Task", operations=frozenset({"claim"})),
    Grant("dispatcher", WRITE, "Patient"),
    Grant("runner", WRITE, "Task", reach="owner={practitioner}"),
    Grant("resident", frozenset({"read", "search", "history"}), "Task", reach="patient={patient}"),
    Grant("resident", frozenset({"read", "search", "history"}), "Patient", reach="_id={patient.id}"),
)
