"""Compares what /ws says with its description: python socket_frames.py URL ASYNCAPI

Every message that is described comes at least once, each with the described payload; and what is
described for clients is understood.
"""

import json
import sys
import urllib.request
from pathlib import Path

from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7
from websockets.sync.client import connect

PATIENCE = 30
url, path = sys.argv[1:]
document = json.loads(Path(path).read_text())
messages = document["components"]["messages"]
missing = set(messages)
resource = Resource.from_contents(document, default_specification=DRAFT7)
registry = Registry().with_resource("urn:document", resource)


def validate(name: str, frame: dict):
    schema = {"$ref": f"urn:document#/components/messages/{name}/payload"}
    Draft7Validator(schema, registry=registry, format_checker=FormatChecker()).validate(frame)
    missing.discard(name)


def send(socket, **frame):
    validate(frame["action"], frame)
    socket.send(json.dumps(frame))


def receive(socket, *kinds: str) -> dict:
    """The next frame, which must be of one of these kinds."""
    frame = json.loads(socket.recv(PATIENCE))
    assert frame["type"] in kinds, f"{kinds} expected: {frame}"
    validate(frame["type"], frame)
    return frame


def until(socket, kind: str) -> dict:
    while (frame := receive(socket, *messages))["type"] != kind:
        pass
    return frame


def call(method: str, path: str, body=None, **headers):
    request = urllib.request.Request(
        url + path, json.dumps(body).encode(), {"content-type": "application/json", **headers},
        method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


with connect(url.replace("http", "ws", 1) + "/ws") as socket:
    receive(socket, "state")
    hello = receive(socket, "hello")
    send(socket, action="ping")
    receive(socket, "pong")
    call("POST", "/api/agents", {"name": "socket-worker"})
    until(socket, "agent")
    task = call("POST", "/api/tasks", {"description": "Report", "agent": "socket-worker"})
    until(socket, "activity")
    lease = call("POST", "/api/agents/socket-worker/claim?wait=5")["lease"]["id"]
    send(socket, action="subscribe", topics=["logs", f"logs:{task['id']}", "sessions"],
         epoch=None, since=None)
    send(socket, action="progress", task_id=task["number"], progress=0.4, message="on", lease=lease)
    while missing & {"ack", "logs"}:
        receive(socket, *messages)
    call("POST", "/api/events", {"session_id": "socket", "events": [
        {"event_id": "1", "event_type": "STEP_STARTED", "iteration": 1, "data": {"step": "fix"}}]})
    until(socket, "event")
    send(socket, action="unsubscribe", topics=["sessions"])
    socket.send("[]")
    until(socket, "error")
with connect(url.replace("http", "ws", 1) + "/ws") as socket:
    receive(socket, "state")
    receive(socket, "hello")
    send(socket, action="subscribe", topics=["tasks"], project="default", epoch=hello["epoch"],
         since=hello["seq"])
    # What was missed, in order.
    until(socket, "task")
    send(socket, action="subscribe", topics=["tasks"], epoch="another life", since=1)
    until(socket, "resync")
assert not missing, f"these were not seen: {sorted(missing)}"
print(f"all {len(messages)} messages of the socket are as described")
