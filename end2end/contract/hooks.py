"""What schemathesis cannot know, each with its reason. Everything else that it finds is a fault."""

import re

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

# A schema speaks of one request, and these are said about it and something else: what is wrong
# then, in the server's words, and why no schema can say so.
BEYOND_SCHEMA = [
    (r"there is no agent ", "an agent that a task names has to be known"),
    (r"there is no (task|project) ", "a task or project that is named has to be there"),
    (r"not a cursor of this list", "cursors are made by the server alone"),
    (r"an external task ", "what is said of an external task goes together"),
    (r"name the agent that may come", "an agent that may come has to be named"),
    (r"is asked together with ", "a question goes with the status that asks it"),
    (r"cached_tokens must be part of input_tokens", "two numbers are compared"),
    (r"every option needs an id of its own", "options are compared"),
    (r"option: ", "the options are those of the question that is open"),
    (r"a number of at most 9007199254740991", "any JSON has no bounds in its schema"),
    (r"must be at most 65536 bytes as JSON", "JSON Schema counts characters"),
    (r"in at most 200 bytes|at most 200 bytes without NUL", "JSON Schema counts characters"),
    (r"must name the session", "the batch or the event names it"),
    (r"Idempotency-Key: .*(used|another)", "the key was used before"),
]


def has_round_float(value) -> bool:
    """True for 19.0 anywhere: a whole number to JSON Schema, but not as it is written."""
    if isinstance(value, dict):
        return any(has_round_float(it) for it in value.values())
    if isinstance(value, list):
        return any(has_round_float(it) for it in value)
    return isinstance(value, float) and value.is_integer()


def problems(response) -> list[str]:
    try:
        problem = response.json()
    except ValueError:
        return []
    errors = [f"{error['field']}: {error['message']}" for error in problem.get("errors", [])]
    return errors or [problem.get("detail", "")]


@schemathesis.hook
def filter_failure(context, failure, case, response) -> bool:
    """False for what is no fault."""
    name = f"{case.operation.method.upper()} {case.operation.path}"
    if isinstance(failure, RejectedPositiveData) and response.status_code in (400, 422):
        # The schema of a text does not say what its lines are.
        if case.media_type == "application/x-ndjson":
            return False
        as_written = re.search("a whole number|the number or the id of a task", response.text)
        if as_written and has_round_float(case.body):
            return False
        known = [any(re.search(words, problem) for words, _ in BEYOND_SCHEMA)
                 for problem in problems(response)]
        return not all(known)
    if isinstance(failure, AcceptedNegativeData):
        # What cannot be read of a batch is named in `refused`, and what stands beside it is taken.
        if name in ("POST /events", "POST /api/events"):
            return False
        # An empty parameter is one that is left out: so forms send what nobody filled in. And in an
        # address, null is a word like any other.
        wrong = re.search(r"parameters? (`.+`) in query", failure.message)
        names = re.findall("`([^`]+)`", wrong[1]) if wrong else []
        harmless = ("", [""], [], None, "null")
        return not (names and all((case.query or {}).get(name) in harmless for name in names))
    # Deleting a task cancels it: it stays, and says so.
    return not (isinstance(failure, UseAfterFree) and case.operation.path.startswith("/api/tasks"))


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
