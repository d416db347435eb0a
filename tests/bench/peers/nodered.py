# SPDX-License-Identifier: MIT
"""Node-RED: a flow as a competent user makes it.

    look, each second -> next (page) -> get -> split -> body -> post (40 at a time) -> count -> next
                                                          ^------- wait 2 s <-- failed ---'

Chosen for it: http request nodes with keep-alive and a timeout; a page of 40 at once, and the next when all of it is
filed; what failed is filed again until it is done; the place, once for each page, in a context store on the file
system, which the default (every 30 s) would lose; no editor, no telemetry, and a log of warnings only.
"""
import json
import pathlib

from npm import Package
from peer import TIMEOUT, Peer

PACKAGE = Package("node-red", "red.js")
TICKET = (pathlib.Path(__file__).resolve().parent / "ticket.js").read_text()

NEXT = """
if (msg.topic === "idle") {
	context.set("busy", false);
	return null;
}
if (msg.topic === "look" && context.get("busy"))
	return null;
context.set("busy", true);
flow.get("last", "disk", (error, last) => {
	if (error) {
		node.error(error);
		context.set("busy", false);
		return;
	}
	node.send({ url: env.get("CHANNEL") + "/api/v1/notifications?types[]=mention&limit=40&min_id=" + (last || "0"),
		headers: { Authorization: "Bearer token" } });
});
"""

SPLIT = TICKET + """
const page = msg.payload;
if (msg.statusCode !== 200 || !Array.isArray(page) || page.length === 0)
	return [null, { topic: "idle" }];
flow.set("left", page.length);
flow.set("newest", page[0].id);
return [page.reverse().map(item => ({ ticket: ticketOf(item.status) })), null];
"""

# A request that ended without an answer has a text as its status.
COUNT = """
if (msg.statusCode !== 200)
	return [null, { ticket: msg.ticket }];
const left = flow.get("left") - 1;
flow.set("left", left);
if (left === 0)
	flow.set("last", flow.get("newest"), "disk", error => error ? node.error(error) : node.send([{ topic: "next" }, null]));
return null;
"""

SETTINGS = """
module.exports = {
	flowFile: "flow.json",
	httpAdminRoot: false,
	httpNodeRoot: false,
	uiHost: "127.0.0.1",
	credentialSecret: false,
	telemetry: { enabled: false },
	logging: { console: { level: "warn", metrics: false, audit: false } },
	httpRequestTimeout: TIMEOUT,
	contextStorage: {
		default: "memory",
		memory: { module: "memory" },
		disk: { module: "localfilesystem", config: { cache: false } },
	},
};
"""


def node(name, kind, *wires, **members):
    # What has no place in the picture is taken for a configuration.
    return {"id": name, "type": kind, "z": "flow", "name": name, "x": 100, "y": 100, "wires": [list(w) for w in wires], **members}


def function(name, code, *wires):
    return node(name, "function", *wires, func=code, outputs=len(wires), timeout=0, noerr=0, initialize="", finalize="", libs=[])


def request(name, method, url, kind, *wires):
    return node(name, "http request", *wires, method=method, url=url, ret=kind, persist=True, paytoqs="ignore", tls="", proxy="",
                insecureHTTPParser=False, authType="", senderr=False, headers=[])


FLOW = [
    {"id": "flow", "type": "tab", "label": "mentions to tickets", "disabled": False},
    node("look", "inject", ["next"], props=[{"p": "topic", "vt": "str"}], topic="look", repeat="1", once=True, onceDelay="0.1",
         crontab=""),
    function("next", NEXT, ["get"]),
    request("get", "GET", "", "obj", ["split"]),
    function("split", SPLIT, ["body"], ["next"]),
    node("body", "change", ["post"], rules=[{"t": "set", "p": "payload", "pt": "msg", "to": "ticket", "tot": "msg"}]),
    request("post", "POST", "${TICKET_CREATE}", "obj", ["count"]),
    function("count", COUNT, ["next"], ["wait"]),
    node("wait", "delay", ["body"], pauseType="delay", timeout="2", timeoutUnits="seconds", outputs=1),
]


class NodeRed(Peer):
    name = "Node-RED"

    @staticmethod
    def why_not():
        return PACKAGE.why_not()

    def prepare(self):
        (self.folder / "settings.js").write_text(SETTINGS.replace("TIMEOUT", str(TIMEOUT * 1000)))
        (self.folder / "flow.json").write_text(json.dumps(FLOW))

    def command(self):
        return ["node", PACKAGE.program, "--userDir", self.folder, "--settings", self.folder / "settings.js"], {
            "CHANNEL": self.servers.channel, "TICKET_CREATE": f"{self.servers.helpdesk}/TicketCreate", "NODE_ENV": "production"}
