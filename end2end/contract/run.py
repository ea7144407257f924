"""Proves that the documents of the interface are true: python run.py [step...]

Starts the server (KIMI_DASHBOARD_BIN) on a free port with a folder of its own, and then
  documents  validates what it publishes, and every example in it;
  python     generates a client in Python, and works with it;
  typescript generates one in TypeScript, compiles it, and works with it;
  socket     talks to /ws, and compares each frame with its description;
  fuzz       lets schemathesis look for answers that were not promised.
At the end the server must be well, must have said nothing of a fault, and must stop when asked.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "contract"
TOOLS = Path(sys.executable).parent
NODE = ROOT / "node_modules" / ".bin"
PATIENCE = 60


class Server:
    """The dashboard without agents: nothing happens there but what is asked for."""

    def __init__(self, folder: Path):
        self.log = folder / "log"
        (folder / "dashboard.toml").write_text("")
        program = os.environ.get("KIMI_DASHBOARD_BIN", ROOT / "target/release/kimi-dashboard")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [program, "--port", "0", "--db-path", "dashboard.db", "--data-dir", "data",
                 "--config", "dashboard.toml", "--convergence-url", "ws://127.0.0.1:9"],
                cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True,
                env={"PATH": os.environ["PATH"], "RUST_BACKTRACE": "1"},
            )

    def listening(self) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith("listening on "):
            raise SystemExit(f"the server did not start: {line!r}\n{self.log.read_text()}")
        return line.removeprefix("listening on ").strip()

    def check(self, url: str):
        if self.process.poll() is not None:
            raise SystemExit(f"the server ended by itself: {self.log.read_text()[-4000:]}")
        assert fetch(f"{url}/readyz").decode() == "ready\n"
        faults = [line for line in self.log.read_text(errors="replace").splitlines()
                  if "panicked" in line or "ERROR" in line]
        if faults:
            raise SystemExit("the server told of faults:\n" + "\n".join(faults[:20]))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


def call(*words, **more):
    words = [str(word) for word in words]
    # Programs that ask for news or send statistics must not.
    quiet = {"DO_NOT_TRACK": "1", "NO_UPDATE_NOTIFIER": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env = {**os.environ, **quiet, **more.pop("env", {})}
    status = subprocess.run(words, env=env, **more).returncode
    if status:
        raise SystemExit(f"{Path(words[0]).name} ended with {status}: {' '.join(words)}")


def documents(_url: str):
    call(TOOLS / "openapi-spec-validator", WORK / "openapi.json")
    call(sys.executable, HERE / "documents.py", WORK / "openapi.json", WORK / "asyncapi.json")
    call("node", HERE / "asyncapi.mjs", WORK / "asyncapi.json")


def python(url: str):
    said = subprocess.run(
        [TOOLS / "openapi-python-client", "generate", "--path", WORK / "openapi.json",
         "--config", HERE / "python_client.json", "--meta", "none",
         "--output-path", WORK / "kimi_dashboard"], check=True, capture_output=True, text=True)
    said = said.stdout + said.stderr
    # It cannot make JSON lines, and says so; what else it leaves out is a fault.
    known = said.count("Unsupported content type application/x-ndjson")
    if said.count("WARNING") + said.count("ERROR") != known:
        raise SystemExit(said)
    call(sys.executable, HERE / "python_client.py", url, cwd=WORK,
         env={"PYTHONPATH": str(WORK)})


def typescript(url: str):
    call(NODE / "openapi-typescript", WORK / "openapi.json", "--output", WORK / "api.d.ts")
    call(NODE / "tsc", "--project", HERE)
    call(NODE / "esbuild", HERE / "client.ts", "--bundle", "--platform=node", "--format=esm",
         "--log-level=warning", f"--outfile={WORK / 'client.mjs'}")
    call("node", WORK / "client.mjs", url)


def socket(url: str):
    call(sys.executable, HERE / "socket_frames.py", url, WORK / "asyncapi.json")


def seed(url: str):
    """Something of everything, so that more is tried than what is not there."""
    def post(path: str, body, method="POST"):
        body = json.dumps(body).encode()
        kind = {"content-type": "application/json"}
        request = urllib.request.Request(url + path, body, kind, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    post("/api/projects", {"name": "seed"})
    post("/api/agents", {"name": "seed"})
    tasks = {}
    for name in ("pending", "running", "asking", "cancelled"):
        outside = {"status": "running", "agent": "outside"} if name in ("running", "asking") else {}
        tasks[name] = post("/api/tasks", {"description": name, **outside})["number"]
    post(f"/api/tasks/{tasks['running']}/logs", [{"message": "one"}, {"message": "two"}])
    question = {"status": "needs_input", "question": "Which?"}
    post(f"/api/tasks/{tasks['asking']}", question, "PATCH")
    post(f"/api/tasks/{tasks['cancelled']}/cancel", {})
    finding = {"type": "rule", "file": "a.rs", "description": "wrong", "severity": "high"}
    post("/api/events", {"session_id": "seed", "events": [{
        "event_id": "1", "event_type": "STEP_COMPLETE", "iteration": 1,
        "data": {"step": "diagnose", "success": True, "findings": [finding]}}]})


def fuzz(url: str):
    config = HERE / "schemathesis.toml"
    seed(url)
    call(TOOLS / "schemathesis", "--config-file", config, "run", f"{url}/api/openapi.json",
         cwd=WORK, env={"PYTHONPATH": str(HERE)})


STEPS = {step.__name__: step for step in (documents, python, typescript, socket, fuzz)}


def main(chosen: list[str]):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            url = server.listening()
            for name in ("openapi", "asyncapi"):
                document = json.loads(fetch(f"{url}/api/{name}.json"))
                text = json.dumps(document, indent=1, ensure_ascii=False)
                (WORK / f"{name}.json").write_text(text)
            for name in chosen or STEPS:
                begun = time.monotonic()
                print(f"contract: {name}", flush=True)
                STEPS[name](url)
                server.check(url)
                print(f"contract: {name} took {time.monotonic() - begun:.0f} s", flush=True)
        finally:
            status = server.stop()
        if status:
            raise SystemExit(f"the server ended with {status}")


main(sys.argv[1:])
