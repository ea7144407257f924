"""Works with the generated client: python python_client.py URL, where `kimi_dashboard` lies."""

import sys
from http import HTTPStatus

from kimi_dashboard import Client
from kimi_dashboard.api.agents import claim_task, heartbeat, register_agent
from kimi_dashboard.api.convergence import list_sessions, take_events
from kimi_dashboard.api.logs import append_logs, list_logs
from kimi_dashboard.api.tasks import (
    change_task, create_task, get_task, give_input, list_tasks, list_usage, start_task,
)
from kimi_dashboard.models import (
    EventBatch, Leases, NewAgent, NewLog, NewTask, OptionReply, Priority, Problem, TaskChange, TaskStatus,
    SentEvent, UsageReport, WholeQuestion,
)

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)

agent = register_agent.sync_detailed(
    client=client, body=NewAgent(name="python-worker", concurrency=1, capabilities=["words"]))
assert agent.status_code == HTTPStatus.CREATED, agent

new = NewTask(description="Count the words", labels=["python"], priority=Priority.HIGH,
              agent="python-worker", requires=["words"])
created = create_task.sync_detailed(client=client, body=new, idempotency_key="python-1")
assert created.status_code == HTTPStatus.CREATED, created
task = created.parsed
assert created.headers["location"] == f"/api/tasks/{task.id}"
again = create_task.sync(client=client, body=new, idempotency_key="python-1")
assert again.id == task.id

listed = list_tasks.sync(client=client, status=[TaskStatus.PENDING], label="python", limit=10)
assert [it.id for it in listed] == [task.id], listed
assert listed[0].queue_position == 1 and listed[0].error is None

assert start_task.sync(client=client, id=str(task.number)).id == task.id
claim = claim_task.sync(client=client, name="python-worker", wait=5)
assert claim.task.id == task.id and claim.task.description == "Count the words"
lease = claim.lease.id


def report(**change):
    return change_task.sync_detailed(
        client=client, id=str(task.id), body=TaskChange(**change), lease=lease)


assert report(progress=0.5, message="half way").parsed.progress == 0.5
logs = append_logs.sync_detailed(
    client=client, id=str(task.id), lease=lease, body=[NewLog(message="one"), NewLog(message="two")])
assert logs.status_code == HTTPStatus.ACCEPTED and logs.parsed.accepted == 2
messages = [entry.message for entry in list_logs.sync(client=client, id=str(task.id))]
assert messages == ["half way", "one", "two"], messages

question = WholeQuestion(text="Which?", options=["first", "second"])
asked = report(status=TaskStatus.NEEDS_INPUT, question=question).parsed
assert [option.id for option in asked.question.options] == ["first", "second"]
answered = give_input.sync(client=client, id=str(task.id), body=OptionReply(option="second"))
assert answered.status == TaskStatus.RUNNING
told = heartbeat.sync(client=client, name="python-worker", body=Leases(leases=[lease]))
assert told.cancel == [] and told.input_[0].option == "second"

# Any JSON is a result.
for result in ({"words": [812, 1.5]}, [1, None], "text", 7, 1.5, True, False):
    assert report(result=result).parsed.result == result
used = UsageReport(model="small", input_tokens=10, output_tokens=2, cost_usd="0.42")
done = report(status=TaskStatus.COMPLETED, result={"words": 812}, usage=used)
assert done.status_code == HTTPStatus.OK and done.parsed.status == TaskStatus.COMPLETED
whole = get_task.sync(client=client, id=str(task.number))
assert whole.result == {"words": 812} and whole.usage.cost_usd == "0.42"
assert list_usage.sync(client=client, id=str(task.id))[0].id == "total"

late = report(progress=0.1)
assert late.status_code == HTTPStatus.CONFLICT and isinstance(late.parsed, Problem)
absent = get_task.sync_detailed(client=client, id="999999")
assert absent.status_code == HTTPStatus.NOT_FOUND and absent.parsed.detail

started = SentEvent(event_type="SESSION_STARTED", event_id="1")
taken = take_events.sync(client=client, body=EventBatch(session_id="python", events=[started]))
assert taken.accepted == 1 and taken.refused == []
assert "python" in [it.session_id for it in list_sessions.sync(client=client)]
print("the client in Python registered, created, listed, claimed, reported and completed")
