"""mentionctl provision and doctor with a Zammad that an administrator has prepared nothing in, or in which something was broken
on purpose."""
import pytest

from mentiond_e2e import doctor, servers
from mentiond_e2e.wait import until

ADMIN = "admin-token"
KINDS = "webhooks", "triggers", "overviews", "text_modules"


@pytest.fixture
def office(desk):
    """The helpdesk's own token may not prepare anything, and there is nothing yet."""
    desk.zammad.attributes.clear()
    desk.zammad.office.attributes.clear()
    return desk.zammad.office


@pytest.fixture
def token(desk):
    path = desk.daemon.directory / "admin"
    path.write_text(ADMIN + "\n")
    desk.daemon.secrets.append(ADMIN)
    return path


@pytest.fixture
def hooked(desk, office):
    """Started, with a listener."""
    desk.daemon.config["listen"] = f"127.0.0.1:{servers.free_ports(1)}"
    desk.desk["hook_secret"] = desk.daemon.secret("hook", "a secret of the hook's own")
    start(desk)
    return desk


def start(desk):
    desk.start(wait=False)
    until("the daemon", lambda: desk.daemon.socket.exists() and len(desk.daemon.instances()) == 2)


def made(office):
    return {kind: list(office.things[kind]) for kind in KINDS}, list(office.attributes), list(office.tags)


def provision(desk, *words):
    return doctor.run(desk.daemon, "provision", "desk", *words)


def test_it_shows_does_repeats_and_removes(hooked, office, token):
    desk = hooked
    nothing = made(office)
    # Without a terminal it only shows.
    r = provision(desk, "--token", token)
    assert r.status == 3 and made(office) == nothing
    for what in ("ticket attribute mentiond_thread", "tag mastodon", "webhook mentiond desk", "trigger mentiond desk", "overview Social",
                 "text module Social: thank you"):
        r.line("to do", "desk", what)
    # It does.
    r = provision(desk, "--token", token, "--yes")
    assert r.status == 0 and not r.wrong() and "restart Zammad now" in r.line("by hand", "restart")
    [webhook], [trigger] = office.things["webhooks"], office.things["triggers"]
    assert webhook["endpoint"] == f"http://{desk.daemon.config['listen']}/hook/desk" and webhook["signature_token"] == "a secret of the hook's own"
    assert trigger["perform"] == {"notification.webhook": {"webhook_id": webhook["id"]}}
    assert trigger["condition"]["ticket.mentiond_thread"] == {"operator": "contains", "value": ":"}
    assert desk.zammad.attributes == ["mentiond_thread"] and office.tags == ["mastodon"] and len(office.things["text_modules"]) == 2
    assert office.named("overviews", "Social")["condition"]["ticket.state_id"]["value"] == [1, 2, 3, 6]
    # Now the helpdesk starts by itself.
    desk.daemon.wait_running()
    word, post, ticket = desk.conversation()
    assert ticket.custom["mentiond_thread"] == f"brand:{post.id}"
    # A second time there is nothing to do.
    before = made(office)
    r = provision(desk, "--token", token, "--yes")
    assert r.status == 0 and len(r.lines("ok")) == len(r.shown.splitlines()) and made(office) == before
    # It is removed, but for what holds data of tickets.
    r = provision(desk, "--token", token, "--remove")
    assert r.status == 3 and "it stays" in r.line("ticket attribute mentiond_thread") and made(office) == before
    r = provision(desk, "--token", token, "--remove", "--yes")
    assert r.status == 0 and not any(office.things.values()) and desk.zammad.attributes == ["mentiond_thread"]
    assert ticket.custom and ticket.tags == ["mastodon"]
    # And this only if one says so.
    r = provision(desk, "--token", token, "--remove", "--with-data")
    assert "is lost in all tickets" in r.line("to do", "ticket attribute mentiond_thread") and "the 1 tickets" in r.line("to do", "tag mastodon")
    r = provision(desk, "--token", token, "--remove", "--with-data", "--yes")
    assert r.status == 0 and not ticket.custom and not ticket.tags and desk.zammad.attributes == [] and office.attributes == []
    r = provision(desk, "--token", token, "--remove", "--with-data")
    assert r.status == 0 and len(r.lines("ok")) == len(r.shown.splitlines())
    assert ADMIN not in desk.daemon.log()


@pytest.mark.parametrize("answer, done", [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_it_asks(desk, office, token, answer, done):
    start(desk)
    r = doctor.answered(desk.daemon, answer, "provision", "desk", "--token", token)
    assert "Do this? [y/N]" in r.shown and bool(office.things["overviews"]) == done and r.status == (0 if done else 3)


def test_without_an_administrators_token_the_helpdesks_own_is_tried(desk, office):
    start(desk)
    r = provision(desk, "--yes")
    assert r.status == 1 and not any(office.things.values()) and office.attributes == []
    for what, right in ("ticket attribute mentiond_thread", "admin.object"), ("tags", "admin.tag"), ("overview Social", "admin.overview"):
        assert f"lacks the permission {right}" in r.line("wrong", what)


def test_a_token_with_one_permission_does_what_it_may(desk, office, token):
    office.permissions = {"admin.overview"}
    start(desk)
    r = provision(desk, "--token", token, "--yes")
    assert r.status == 1 and r.line("done", "overview Social") and "admin.tag" in r.line("wrong", "tags") and office.tags == []


def test_a_token_that_is_wrong(desk, office):
    path = desk.daemon.directory / "wrong"
    path.write_text("nobodys-token\n")
    start(desk)
    r = provision(desk, "--token", path, "--yes")
    assert r.status == 1 and "refuses the token" in r.line("wrong", "the rest") and not any(office.things.values())
    assert desk.daemon.state_of("desk") == "starting"
    r = provision(desk, "--token", desk.daemon.directory / "nowhere")
    assert r.status == 2 and "cannot read a token" in r.shown


def test_what_others_have_made_is_left_alone(desk, office, token):
    desk.zammad.tokens["t"] = desk.zammad.admin, ("admin",)
    theirs = {"name": "Social", "condition": {"ticket.group_id": {"operator": "is", "value": ["1"]}}, "prio": 1, "active": True}
    with desk.zammad.lock:
        office.thing("POST", "overviews", "", dict(theirs), desk.zammad.admin)
        office.tags.append("mastodon")
    start(desk)
    assert "not mentiond's" in provision(desk, "--token", token, "--yes").line("ok", "overview Social")
    with desk.zammad.lock:
        office.named("text_modules", "Social: thank you")["content"] = "Thanks!"
    r = provision(desk, "--token", token, "--yes", "--remove")
    assert "was changed since" in r.line("text module Social: thank you")
    assert [o["name"] for o in office.things["overviews"]] == ["Social"] and [t["content"] for t in office.things["text_modules"]] == ["Thanks!"]


def test_changes_of_attributes_that_others_have_not_made_up_their_mind_about_are_not_carried_out(desk, office, token):
    with desk.zammad.lock:
        desk.zammad.attributes.append("product")
        office.attributes.append(office.record({"name": "product", "data_type": "input", "active": True}, False))
        office.attributes[0]["to_delete"] = True
    start(desk)
    r = provision(desk, "--token", token, "--yes")
    assert r.status == 1 and "discard them" in r.line("wrong", "ticket attribute mentiond_thread") and desk.zammad.attributes == ["product"]
    with desk.zammad.lock:
        office.attributes[0]["to_delete"] = False
    assert provision(desk, "--token", token, "--yes").status == 0 and desk.zammad.attributes == ["product", "mentiond_thread"]


def test_a_migration_that_zammad_did_not_do_is_told_and_done_the_next_time(desk, office, token):
    office.migrations_fail = True
    start(desk)
    assert "has not changed its database" in provision(desk, "--token", token, "--yes").line("wrong", "ticket attribute mentiond_thread")
    office.migrations_fail = False
    r = provision(desk, "--token", token, "--yes")
    assert r.status == 0 and r.line("done", "ticket attribute mentiond_thread") and len(office.attributes) == 1


def test_an_attribute_that_cannot_be_used(desk, office, token):
    with desk.zammad.lock:
        office.attributes.append(office.record({"name": "mentiond_thread", "data_type": "input", "data_option": {"maxlength": 100}, "active": True}, False))
    start(desk)
    assert "too short" in provision(desk, "--token", token).line("wrong", "ticket attribute mentiond_thread")
    office.attributes[0].update(data_type="select")
    assert "is no text" in provision(desk, "--token", token).line("wrong", "ticket attribute mentiond_thread")
    office.attributes[0].update(data_type="input", data_option={"maxlength": 255}, active=False)
    assert "activate it" in provision(desk, "--token", token).line("wrong", "ticket attribute mentiond_thread")


def test_a_secret_or_an_address_that_was_changed_is_changed_there(hooked, office, token):
    desk = hooked
    provision(desk, "--token", token, "--yes")
    [webhook] = office.things["webhooks"]
    webhook["signature_token"] = "another"
    r = provision(desk, "--token", token, "--yes")
    assert r.line("done", "webhook mentiond desk") and webhook["signature_token"] == "a secret of the hook's own"
    # That of a proxy, which the administrator has put there, stays; and one that is given counts.
    webhook["endpoint"] = "https://mentiond.example.com/hook/desk"
    assert provision(desk, "--token", token).line("ok", "webhook mentiond desk")
    r = provision(desk, "--token", token, "--yes", "--hook-url", "https://other.example.com/m")
    assert r.line("done", "webhook mentiond desk") and webhook["endpoint"] == "https://other.example.com/m/hook/desk"
    r = provision(desk, "--token", token, "--hook-url", "other")
    assert r.status == 1 and "is no address" in r.shown


def test_a_secret_that_zammad_does_not_show_is_taken_for_right(hooked, office, token):
    provision(hooked, "--token", token, "--yes")
    office.masks = True
    r = provision(hooked, "--token", token)
    assert r.status == 0 and "does not show its secret" in r.line("ok", "webhook mentiond desk")


def test_without_a_listener_no_calls_are_asked_for(desk, office, token):
    start(desk)
    r = provision(desk, "--token", token, "--yes")
    assert r.status == 0 and "found by polls" in r.line("ok", "webhook") and not office.things["webhooks"] and not office.things["triggers"]


# --- The doctor ---

def test_all_is_well(desk):
    desk.daemon.config["listen"] = f"127.0.0.1:{servers.free_ports(1)}"
    desk.start()
    r = doctor.run(desk.daemon, "doctor", "desk")
    assert r.status == 0 and len(r.lines("ok")) == len(r.shown.splitlines()), r.shown
    for what in "instance", "token", "ticket attribute", "state", "reopen_state", "close_state", "rights in Social", "group Social", "clock":
        r.line("ok", what)
    assert "it answers" in doctor.run(desk.daemon, "doctor").line("ok", "listener")
    assert not desk.zammad.tickets and len(desk.zammad.users) == 4


def test_a_token_that_is_refused(desk):
    desk.start()
    with desk.zammad.lock:
        desk.zammad.tokens.clear()
    r = doctor.run(desk.daemon, "doctor", "desk")
    assert r.status == 1 and "ticket.agent" in r.line("wrong", "token") and r.line("unclear", "rights")


def test_an_attribute_that_is_missing_while_the_helpdesk_does_not_start(desk, office):
    start(desk)
    until("the failure", lambda: desk.daemon.instances()["desk"]["reason"])
    r = doctor.run(desk.daemon, "doctor", "desk")
    assert r.status == 1 and r.line("wrong", "instance") and "mentionctl provision" in r.line("wrong", "ticket attribute")


def test_rights_and_groups_and_names_that_are_missing(desk):
    desk.start()
    with desk.zammad.lock:
        desk.zammad.bot.groups["Social"] = ["create", "read"]
    r = doctor.run(desk.daemon, "doctor", "desk")
    assert r.status == 1 and "lacks change" in r.line("wrong", "rights in Social") and r.line("ok", "group Social")
    desk.zammad.bot.groups["Social"] = ["full"]
    desk.channel["queue"] = "Nobody"
    desk.desk.update(state="newish", reopen_state="reopened", close_state="pending close", priority="9 urgent")
    assert desk.daemon.reload()
    r = until("the new options", lambda: [r for r in [doctor.run(desk.daemon, "doctor", "desk")] if "reopened" in r.shown])[0]
    assert r.status == 1 and r.line("wrong", "group Nobody")
    for option in "state", "reopen_state", "close_state", "priority":
        assert "mend the option" in r.line("wrong", option)
    desk.desk.update(state="pending reminder", reopen_state="pending close", close_state="closed", priority="3 high")
    assert desk.daemon.reload()
    r = until("the new options", lambda: [r for r in [doctor.run(desk.daemon, "doctor", "desk")] if "pending close" in r.shown])[0]
    assert "waits for a time" in r.line("wrong", "state") and "waits for a time" in r.line("wrong", "reopen_state") and r.line("ok", "priority")


def test_maintenance(desk):
    desk.start()
    desk.zammad.maintenance = True
    assert "maintenance mode" in doctor.run(desk.daemon, "doctor", "desk").line("wrong", "the rest")
