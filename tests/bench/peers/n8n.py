# SPDX-License-Identifier: MIT
"""n8n: a workflow as a competent user makes it.

    look, every 5 s -> place -> page (GET) -> tickets -> file (POST, 40 at a time) -> count -> place
                                                          ^-- wait 5 s <-- failed --'

Chosen for it: the HTTP Request node's own batching, 40 at a time without a pause between; what failed leaves by the error
output and is filed again until it is done, alone, for "retry on fail" would repeat the whole page; one execution at a time,
which goes on while there are pages, for one page for each look would be a few tickets a second; executions that went
well are not stored, which n8n advises for many; no telemetry.  The place is in the workflow's static data, the memory that a
workflow has of its own, and n8n stores it when an execution ends.  SQLite, the default, with its default settings.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from npm import Package
from peer import FOLDER, TIMEOUT, Peer, free_port

PACKAGE = Package("n8n", "bin/n8n")
TICKET = (pathlib.Path(__file__).resolve().parent / "ticket.js").read_text()
PREPARED = FOLDER / "n8n-prepared"       # its folder with the database and the workflow, to be copied for each life
PREPARED_WITHIN = 300                    # seconds; the first command makes the database

PLACE = """
const mine = $getWorkflowStaticData("global");
return [{ json: { last: mine.last || "0" } }];
"""

TICKETS = TICKET + """
const mine = $getWorkflowStaticData("global"), page = $input.all().filter(item => item.json.id);
if (page.length === 0)
	return [];
mine.left = page.length;
mine.newest = page[0].json.id;
return page.reverse().map(item => ({ json: { ticket: ticketOf(item.json.status) } }));
"""

COUNT = """
const mine = $getWorkflowStaticData("global");
mine.left -= $input.all().length;
if (mine.left > 0)
	return [];
mine.last = mine.newest;
return [{ json: {} }];
"""


def node(name, kind, version, parameters, **more):
    return {"id": name, "name": name, "type": f"n8n-nodes-base.{kind}", "typeVersion": version, "position": [0, 0],
            "parameters": parameters, **more}


def code(name, text):
    return node(name, "code", 2, {"jsCode": text})


def request(name, url, parameters, options, **more):
    return node(name, "httpRequest", 4.2, {"url": url, **parameters, "options": {"timeout": TIMEOUT * 1000, **options}}, **more)


LINKS = {"look": [["place"]], "place": [["page"]], "page": [["tickets"]], "tickets": [["file"]], "file": [["count"], ["wait"]],
         "wait": [["file"]], "count": [["place"]]}
WORKFLOW = {
    "id": "mentions", "name": "mentions to tickets", "active": False, "settings": {"executionOrder": "v1"},
    "nodes": [
        node("look", "scheduleTrigger", 1.2, {"rule": {"interval": [{"field": "seconds", "secondsInterval": 5}]}}),
        code("place", PLACE),
        request("page", "={{ $env.CHANNEL }}/api/v1/notifications?types[]=mention&limit=40&min_id={{ $json.last }}",
                {"sendHeaders": True, "headerParameters": {"parameters": [{"name": "Authorization", "value": "Bearer token"}]}},
                {}),
        code("tickets", TICKETS),
        request("file", "={{ $env.TICKET_CREATE }}",
                {"method": "POST", "sendBody": True, "specifyBody": "json", "jsonBody": "={{ JSON.stringify($json.ticket) }}"},
                {"batching": {"batch": {"batchSize": 40, "batchInterval": 0}}}, onError="continueErrorOutput"),
        node("wait", "wait", 1.1, {"amount": 5, "unit": "seconds"}, webhookId="wait"),
        code("count", COUNT),
    ],
    "connections": {of: {"main": [[{"node": to, "type": "main", "index": 0} for to in out] for out in outs]}
                    for of, outs in LINKS.items()},
}


def environment(folder, servers=None):
    """servers: those that it works with; None: it only prepares."""
    said = {
        "N8N_USER_FOLDER": str(folder), "N8N_LISTEN_ADDRESS": "127.0.0.1", "N8N_PORT": str(free_port()), "NODE_ENV": "production",
        "N8N_DIAGNOSTICS_ENABLED": "false", "N8N_VERSION_NOTIFICATIONS_ENABLED": "false", "N8N_TEMPLATES_ENABLED": "false",
        "N8N_PERSONALIZATION_ENABLED": "false", "N8N_LICENSE_AUTO_RENEW_ENABLED": "false", "N8N_LOG_LEVEL": "warn",
        "EXECUTIONS_DATA_SAVE_ON_SUCCESS": "none", "N8N_CONCURRENCY_PRODUCTION_LIMIT": "1", "N8N_RUNNERS_ENABLED": "false",
    }
    if servers:
        said |= {"CHANNEL": servers.channel, "TICKET_CREATE": f"{servers.helpdesk}/TicketCreate"}
    return said


def run_to_end(home, *arguments):
    p = subprocess.run(["node", PACKAGE.program, *arguments], env={**os.environ, **environment(home)}, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PREPARED_WITHIN)
    if p.returncode != 0:
        raise RuntimeError(f"n8n {arguments[0]} ended with status {p.returncode}:\n{p.stdout[-2000:]}")


class N8n(Peer):
    name = "n8n"

    @staticmethod
    def why_not():
        shutil.rmtree(PREPARED, ignore_errors=True)
        return PACKAGE.why_not()

    def prepare(self):
        if not PREPARED.exists():
            with tempfile.TemporaryDirectory(prefix="run.", dir=FOLDER) as folder:
                file, home = pathlib.Path(folder) / "workflow.json", pathlib.Path(folder) / "home"
                file.write_text(json.dumps([WORKFLOW]))
                run_to_end(home, "import:workflow", f"--input={file}")
                run_to_end(home, "update:workflow", f"--id={WORKFLOW['id']}", "--active=true")
                shutil.copytree(home, PREPARED)
        shutil.copytree(PREPARED, self.folder / "home")

    def command(self):
        return ["node", PACKAGE.program, "start"], environment(self.folder / "home", self.servers)
