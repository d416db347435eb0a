"""mentionctl doctor: what is right it calls so, and what was broken on purpose it finds, and says what to do."""
import os
import signal
import subprocess
import time

import pytest

from mentiond_e2e import doctor, faults, proxy
from mentiond_e2e.daemon import program
from mentiond_e2e.wait import until


def wait_failed(bridge, name):
    until("the failure", lambda: bridge.daemon.socket.exists() and bridge.daemon.instances().get(name, {}).get("reason"))


def test_all_is_well(up):
    up.conversation()
    up.daemon.ctl("backup", up.daemon.directory / "backup.db")
    assert doctor.run(up.daemon, "doctor", "desk").status == 0
    r = doctor.run(up.daemon, "doctor")
    # snac alone, without a web server before it, does not tell the time.
    assert r.status == 3 and r.line("unclear", "brand", "clock")
    assert len(r.lines("ok")) == len(r.shown.splitlines()) - 1, r.shown
    for what in "store: space", "store: integrity", "store: backup", "plugins":
        r.line("ok", "mentiond", what)
    for what in "instance", "clock", "login", "web service", "queue Social", "right rw in Social", "reopen_state", "close_state", "time zone":
        r.line("ok", "desk", what)
    for field in "SocialThread", "SocialUrl", "SocialNetwork", "SocialPost":
        r.line("ok", "desk", f"dynamic field {field}")
    for what in "instance", "server", "token", "account", "right read:notifications", "rights":
        r.line("ok", "brand", what)


def test_it_leaves_nothing_behind(up, znuny):
    word, post, ticket = up.conversation()
    up.daemon.wait_quiet()
    before = znuny.sql("SELECT (SELECT max(id) FROM ticket), (SELECT max(id) FROM article), (SELECT max(id) FROM ticket_history)")
    posts = len(up.brand.posts())
    assert not doctor.run(up.daemon, "doctor").wrong()
    mine = znuny.sql(f"SELECT count(*) FROM ticket_history WHERE ticket_id = {ticket} AND id > {before[0][2]}")
    assert mine == [["0"]] and znuny.sql("SELECT count(*) FROM ticket WHERE title = 'mentiond: check'") == [["0"]]
    assert len(up.brand.posts()) == posts


def test_one_instance_alone(up):
    r = doctor.run(up.daemon, "doctor", "brand")
    assert r.shown and all(" brand " in line for line in r.shown.splitlines())
    r = doctor.run(up.daemon, "doctor", "nobody")
    assert r.status == 1 and r.shown == 'mentionctl: there is no instance "nobody"\n'


def test_that_no_backup_was_made_is_unclear(up):
    r = doctor.run(up.daemon, "doctor")
    assert r.status in (1, 3) and r.line("unclear", "store: backup")


# Helpdesk.

def test_a_wrong_password(bridge):
    bridge.desk["password"] = bridge.daemon.secret("wrong", "not-the-password")
    bridge.start(wait=False)
    wait_failed(bridge, "desk")
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1
    assert "mentionctl resume desk" in r.line("wrong", "desk", "instance") and "refuses the user" in r.line("wrong", "desk", "the rest")


def test_a_password_that_was_changed_while_the_session_goes_on(bridge):
    """The instance runs, and will until its session ends."""
    bridge.proxy_desk()
    bridge.start()
    refused = {"Error": {"ErrorCode": "SessionCreate.AuthFail", "ErrorMessage": "SessionCreate: Authorization failing!"}}
    bridge.desk_proxy.rule("POST", "/SessionCreate$", proxy.answer(200, refused), times=None)
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1 and r.line("ok", "instance") and "refuses the user" in r.line("wrong", "the rest")
    assert bridge.daemon.state_of("desk") == "running"


def test_a_queue_that_is_not_there_and_one_without_the_right(bridge):
    bridge.channel["queue"] = "Sociable"
    bridge.start()
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1 and "no such queue" in r.line("wrong", "queue Sociable")
    bridge.channel["queue"] = "Other"
    assert bridge.daemon.reload()
    bridge.daemon.wait_running()
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1 and "give it rw in the queue's group" in r.line("wrong", "queue Other")


def test_a_queue_in_which_nothing_may_be_added(bridge):
    bridge.proxy_desk()
    bridge.start()
    bridge.conversation()
    denied = {"Error": {"ErrorCode": "TicketUpdate.AccessDenied", "ErrorMessage": "TicketUpdate: User does not have access to the ticket!"}}
    hits = bridge.desk_proxy.rule("POST", "/TicketUpdate$", lambda r: proxy.answer(200, denied) if "Priority" in r.body.decode() else None, times=None)
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert hits and r.status == 1 and "give it rw in the queue's group" in r.line("wrong", "right rw in Social")


def rename(body, old, new):
    for field in body.get("DynamicField", []):
        if field["Name"] == old:
            field["Name"] = new


def test_a_dynamic_field_that_is_missing_also_while_the_helpdesk_does_not_start(bridge):
    bridge.proxy_desk()
    bridge.desk_proxy.rule("POST", "/TicketCreate$", proxy.rewrite(lambda body: rename(body, "SocialUrl", "SocialGone")), times=None)
    bridge.start(wait=False)
    wait_failed(bridge, "desk")
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1 and "it cannot start" in r.line("wrong", "instance")
    assert "otrs-import" in r.line("wrong", "dynamic field SocialUrl") and r.line("ok", "dynamic field SocialPost")


def test_states_and_a_priority_that_are_not_there(bridge):
    bridge.start()
    bridge.conversation()
    for option, value in ("state", "newish"), ("priority", "9 urgent"), ("reopen_state", "reopened"), ("close_state", "shut"):
        bridge.desk[option] = value
        assert bridge.daemon.reload()
        r = until("the new options", lambda: [r for r in [doctor.run(bridge.daemon, "doctor", "desk")] if value in r.shown])[0]
        assert r.status == 1 and f'"{value}" is no ' in r.line("wrong", option)
        del bridge.desk[option]


def test_a_web_service_that_is_not_there(bridge):
    bridge.desk["url"] += "s"
    bridge.start(wait=False)
    wait_failed(bridge, "desk")
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1 and "import it with otrs-import" in r.line("wrong", "the rest")


def test_a_web_service_of_before(bridge):
    bridge.proxy_desk()
    bridge.start()
    bridge.desk_proxy.rule("POST", "/TicketHistoryGet$", proxy.answer(500, b"Could not determine Operation based on query string.", "text/plain"))
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1 and "import it again" in r.line("wrong", "operation TicketHistoryGet")


def test_a_server_that_is_down(bridge):
    bridge.proxy_desk()
    bridge.start()
    bridge.desk_proxy.down()
    r = doctor.run(bridge.daemon, "doctor", "desk")
    assert r.status == 1 and "cannot go on" in r.line("wrong", "the rest")


@pytest.mark.skipif(faults.why_not() is not None, reason=faults.why_not() or "")
def test_a_clock_that_is_wrong(bridge):
    f = faults.Faults(bridge.daemon)
    bridge.start()
    f.set_clock(600)
    r = doctor.run(bridge.daemon, "doctor")
    assert r.status == 1 and "no server agrees" in r.line("wrong", "mentiond", "clock")
    assert "behind this machine's" in r.line("wrong", "desk", "clock")


# Channel.

def test_a_token_that_was_revoked(bridge):
    bridge.channel["token"] = bridge.daemon.secret("revoked", "00112233445566778899aabbccddeeff")
    bridge.start(wait=False)
    wait_failed(bridge, "brand")
    r = doctor.run(bridge.daemon, "doctor", "brand")
    assert r.status == 1 and "make a new one" in r.line("wrong", "token") and r.line("unclear", "rights") and r.line("ok", "server")


def test_a_scope_that_is_missing(bridge):
    """As Mastodon says it; snac has none."""
    net = bridge.proxy_net()
    bridge.start()
    net.rule("GET", "/instance$", proxy.answer(200, {"version": "4.4.0", "domain": "x.example", "api_versions": {"mastodon": 6},
                                                     "configuration": {"statuses": {"max_characters": 500}}}))
    outside = proxy.answer(403, {"error": "This action is outside the authorized scopes"})
    net.rule("DELETE", "/statuses/0$", outside)
    net.rule("PUT", "/media/0$", proxy.answer(404, {"error": "Record not found"}))
    r = doctor.run(bridge.daemon, "doctor", "brand")
    assert r.status == 1 and "outside the authorized scopes" in r.line("wrong", "right write:statuses")
    assert len(r.wrong()) == 1 and r.line("ok", "right read:statuses") and r.line("ok", "right write:media")
    assert r.line("ok", "length of posts", "500")


@pytest.mark.parametrize("member, says", [({"moved": {"acct": "brand@elsewhere.example"}}, "has moved to brand@elsewhere.example"),
                                          ({"suspended": True}, "is suspended"), ({"limited": True}, "is limited")],
                         ids=["moved", "suspended", "limited"])
def test_an_account_that(bridge, member, says):
    net = bridge.proxy_net()
    bridge.start()
    net.rule("GET", "/verify_credentials$", proxy.answer(200, {"id": "1", "acct": "brand", **member}))
    r = doctor.run(bridge.daemon, "doctor", "brand")
    assert r.status == 1 and says in r.line("wrong", "account")


# The daemon, and whoever asks.

def test_the_daemon_itself(up):
    plugins = up.daemon.directory / "plugins"
    plugins.mkdir()
    for so in up.daemon.config["plugin_directory"].glob("*.so"):
        (plugins / so.name).symlink_to(so)
    (plugins / "mine.so").touch()
    (plugins / "mine.so").chmod(0o666)
    note = up.daemon.state / "last-backup"
    note.touch()
    os.utime(note, (time.time() - 30 * 86400,) * 2)
    up.daemon.config["plugin_directory"] = plugins
    assert up.daemon.reload()
    r = doctor.run(up.daemon, "doctor")
    assert r.status == 1 and "chmod o-w" in r.line("wrong", "plugins", "mine.so") and "30 days ago" in r.line("wrong", "store: backup")


def test_a_paused_instance_is_asked_too(up):
    up.daemon.ctl("pause", "brand")
    r = doctor.run(up.daemon, "doctor", "brand")
    assert r.status == 1 and "mentionctl resume brand" in r.line("wrong", "instance") and r.line("ok", "token")


def test_who_hangs_up_ends_what_he_asked_for(bridge):
    net = bridge.proxy_net()
    bridge.start()
    hits = net.rule("GET", "/verify_credentials$", proxy.never(30), times=None)
    p = subprocess.Popen([program("mentionctl"), "-s", bridge.daemon.socket, "doctor", "brand"], stdout=subprocess.DEVNULL)
    until("the question", lambda: hits)
    p.send_signal(signal.SIGKILL)
    p.wait()
    until("its end", lambda: bridge.daemon.instances()["brand"]["in_flight"] == 0)
    net.clear()
    assert doctor.run(bridge.daemon, "doctor", "brand").line("ok", "token")


# Provisioning by hand.

def test_provision_of_a_helpdesk_that_has_all_says_so(up):
    r = doctor.run(up.daemon, "provision", "desk")
    assert r.status == 0 and r.line("ok", "web service") and r.line("ok", "agent")


def test_provision_of_a_helpdesk_without_the_web_service_says_what_to_import(bridge):
    bridge.desk["url"] += "s"
    bridge.start(wait=False)
    wait_failed(bridge, "desk")
    r = doctor.run(bridge.daemon, "provision", "desk")
    assert r.line("by hand", "web service") and r.line("# ", "otrs-import") and r.line("Admin::User::Add", f"--user-name {bridge.desk['user']} ")
    r = doctor.run(bridge.daemon, "provision", "desk", "--remove")
    assert r.line("WebService::Delete") and "they stay" in r.line("dynamic fields")
    r = doctor.run(bridge.daemon, "provision", "desk", "--remove", "--with-data")
    assert "the store cannot be rebuilt" in r.line("by hand", "dynamic fields")


def test_what_cannot_be_provisioned(up):
    r = doctor.run(up.daemon, "provision", "brand")
    assert r.status == 1 and "only helpdesks" in r.shown
    r = doctor.run(up.daemon, "provision", "nobody")
    assert r.status == 1 and "no instance" in r.shown
